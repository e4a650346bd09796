"""Diagnosis of whole convolutional nets, stage by stage."""
