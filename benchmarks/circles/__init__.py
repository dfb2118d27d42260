"""What moments cost: reading the timeline of somebody with many friends, and saying something to many friends.

hutong-bench circles timeline|post
"""
