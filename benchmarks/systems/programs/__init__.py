"""Servers written here with what peers offer: each says on its first line where it listens, and ends on SIGTERM."""
