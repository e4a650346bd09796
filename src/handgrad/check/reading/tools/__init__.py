"""Finding helpers in a program, and ways to call them."""
