"""The server: the I/O shell around pure decisions."""
