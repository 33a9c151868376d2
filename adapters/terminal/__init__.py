"""The terminal as a chat platform: lines in, a durable feed out, a screen that shows it."""
