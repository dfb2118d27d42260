"""What moments cost: reading the timeline of somebody with many friends, and saying something to many friends.

python -m benchmarks.circles timeline|post
"""
