"""The network shell: each room alone, then all of it over loopback sockets."""
