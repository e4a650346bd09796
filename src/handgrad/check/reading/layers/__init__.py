"""Finding layers in a program, and ways to call them."""
