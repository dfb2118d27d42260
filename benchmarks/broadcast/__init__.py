"""What a public account with a million followers costs: broadcasting to them, publishing, and signing in to many.

python -m benchmarks.broadcast deliver|publish|sign-in
"""
