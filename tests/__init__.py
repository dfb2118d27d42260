"""Tests: the packages mirrored, and stories over the wire."""
