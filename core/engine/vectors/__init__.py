"""Vector stores: what is kept of them, what they are asked, and how their files are indexed."""
