"""Comparing runs: points of a grid over their trials, what is a difference and what is chance, and someone's own log.

Numbers only; the pages and tables made of them are in handgrad.report.
"""

from handgrad.compare.judgement import Comparison, compare_points
from handgrad.compare.points import Point, points_of_runs, points_of_sweep

__all__ = ["Comparison", "Point", "compare_points", "points_of_runs", "points_of_sweep"]
