"""The flow of one message: from a platform's event to the reply that people see."""
