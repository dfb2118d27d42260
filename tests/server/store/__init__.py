"""The rooms of the SQLite store."""
