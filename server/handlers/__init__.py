"""One plain function per operation: a request and state in, what is to be done out."""
