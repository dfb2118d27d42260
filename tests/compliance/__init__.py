"""The law as decisions, each module by itself."""
