"""The rules of each topic: a sentence in, a question with its code and its explanation out."""
