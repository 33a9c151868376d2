"""A Slack workspace on loopback, at socket level, for the real slack-bolt and slack-sdk."""
