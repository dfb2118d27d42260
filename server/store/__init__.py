"""Durable state behind narrow ports."""
