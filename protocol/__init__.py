"""The wire: what client and server say to each other. Pure: no I/O, no clock, no log."""
