"""What is wrong with a declaration: all of it at once, each fault with its place."""
