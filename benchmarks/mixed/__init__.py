"""A day in the town: chats, groups small and large, moments, broadcasts, all at once; how long small chats wait in it.

hutong-bench mixed
"""
