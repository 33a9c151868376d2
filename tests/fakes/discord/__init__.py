"""Discord on loopback, at socket level (REST and gateway), for the real discord.py."""
