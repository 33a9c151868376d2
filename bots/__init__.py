"""Runnable processes: the `bobbin` command, and the wiring that builds each role."""
