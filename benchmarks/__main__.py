"""`make bench`: what the performance goals are measured with. Machines differ: read ratios."""

from benchmarks import engine, sandbox, start, turns

start.main()
turns.main()
engine.main()
sandbox.main()
