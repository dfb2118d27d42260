"""The demo: a town of people chats through a real server that is killed in the middle; then the proof that it held."""
