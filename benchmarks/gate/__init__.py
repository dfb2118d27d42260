"""What the gate costs, and whom: the private path, a publication, everybody beside a hook that hangs, a large audience.

hutong-bench gate private|publish|beside|crowd
"""
