"""The line mode: `hutong` for people at a terminal and for scripts."""
