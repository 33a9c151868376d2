"""The heart of Bobbin: no SDK, no server, no store, no settings, no environment."""
