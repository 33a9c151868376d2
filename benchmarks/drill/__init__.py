"""The drill: kill, stop and restart everything under load, and count from outside.

`make drill` runs it whole, `make test` in a short form. A fake platform in the drill's own process
delivers messages to workers, each until it is acknowledged, and keeps every post. What counts is
what stands there in the end: each acknowledged message answered, once, in order.
"""
