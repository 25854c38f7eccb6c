"""Dead letters: find the messages that were refused whole, understand them, publish them again."""
