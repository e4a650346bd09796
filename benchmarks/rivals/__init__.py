"""The rivals, each with its own autograd and optimiser, built from the same description of a net."""
