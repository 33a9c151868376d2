"""`make bench`: what the performance goals are measured with. Machines differ: read ratios."""

from benchmarks import start, turns

start.main()
turns.main()
