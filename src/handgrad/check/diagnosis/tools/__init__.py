"""Diagnosis of helpers: measuring, data, first weights, activations, losses, gradient checkers."""
