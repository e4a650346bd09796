"""Diagnosis of one layer with a random upstream gradient."""
