"""Slack as a chat platform: events in, the web API out."""
