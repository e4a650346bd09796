"""Finding update rules in a program, and ways to call them."""
