"""What a public account with a million followers costs: broadcasting to them, publishing, and signing in to many.

hutong-bench broadcast deliver|publish|sign-in
"""
