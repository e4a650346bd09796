"""Finding whole convolutional nets in a program."""
