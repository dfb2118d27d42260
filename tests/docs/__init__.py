"""The pages of docs/, held to what the code does."""
