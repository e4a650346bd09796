"""Diagnosis of update rules, followed step by step."""
