"""Sockets, TLS, WebSocket framing and the one task that polls them all."""
