"""Who drives a server from outside: connections, crowds, closed and open loops, and processes of their own for them."""
