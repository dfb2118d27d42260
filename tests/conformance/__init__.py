"""A client written from docs/PROTOCOL.md alone, against a real server."""
