"""The composition root: Settings in, running roles out, one builder a role."""
