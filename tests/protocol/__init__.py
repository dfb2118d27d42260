"""The wire: shapes, bytes, names."""
