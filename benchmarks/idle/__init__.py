"""Ten thousand who are signed in and say nothing: what one of them costs, and how long all take to come back."""
