"""The programs in examples/, run as somebody would who copies them."""
