"""The Assistants API over ASGI: the official clients' side of the engine."""
