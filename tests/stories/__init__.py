"""Stories over the wire: real server processes, real clients, a real clock."""
