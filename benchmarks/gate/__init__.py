"""What the gate costs, and whom: the private path, a publication, everybody beside a hook that hangs, a large audience.

python -m benchmarks.gate private|publish|beside|crowd
"""
