"""The operator's Python functions as tools: their schemas, and calls of them within limits."""
