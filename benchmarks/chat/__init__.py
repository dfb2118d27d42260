"""One to one: both sides of many chats are busy, and every message is counted and its place in the sequence checked."""
