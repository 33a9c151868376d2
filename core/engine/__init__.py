"""The Assistants engine: objects, Runs, tools. It knows nothing of chat."""
