"""What an operator sets: the environment, assistants, models. Only `bots` imports it."""
