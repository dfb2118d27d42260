"""The SQLite store from inside: what the ports do not say."""
