"""Discord as a chat platform: gateway and signed HTTP in, the REST API out."""
