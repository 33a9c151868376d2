"""The engine's operations, as the HTTP API and the chat side call them."""
