"""What functions and variables are for, told from what is done with them, where their names say nothing."""
