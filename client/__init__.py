"""The reference client: a library, a cache and a line-mode program."""
