"""The demo: a town of people who chat through a real server that is killed in the middle, and the proof that it held."""
