"""Tests of the server, by package."""
