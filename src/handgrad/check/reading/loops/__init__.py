"""Reading training loops: one round of a loop as a function."""
