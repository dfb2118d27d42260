"""Benchmarks and the demo: everything that drives a whole server from outside.

`hutong-bench` is command.py: the table of its commands, each of which is a module here (beside, checks, growth, limit,
peers), or command.py in a package of its own (broadcast, chat, circles, fanout, gate, idle, mixed, plots);
everything.py is `hutong-bench all`. What they share:

- options, figures, measurement: what can be asked, and how what was found is told;
- servers: a process under measurement, and what the system says it costs;
- systems: hutong and its peers, each behind the same port (systems/base.py), and the programs that stand for peers;
- load: connections, crowds, closed and open loops, and processes of their own for them;
- grown_store, town/dialogue, rumours: stores and texts.

The demo (`hutongd demo`) is town, lane, press and neighbours, on the stage of playhouse.
"""
