"""The fourth act: neighbours who are friends, or not, or no more; and a proof of who saw what, and of who could not."""
