"""The relay's Assistants port straight onto the engine: the only place that knows both."""
