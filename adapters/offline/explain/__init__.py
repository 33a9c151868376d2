"""The worked steps, derived from the tree by exact arithmetic of our own."""
