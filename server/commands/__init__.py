"""The commands of `hutongd`: what an operator types. What they do is done elsewhere."""
