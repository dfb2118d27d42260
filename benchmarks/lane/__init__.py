"""The demo's second act: the lane. The same sentence privately and publicly, and who got to see it."""
