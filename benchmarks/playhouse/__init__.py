"""What the acts of the demo share: a server as a process, its operator's commands, real clients, a hook's record."""
