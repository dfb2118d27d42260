"""Benchmarks and the demo: everything that drives a whole server from outside."""
