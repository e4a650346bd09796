"""Reports: a run's as one HTML file that opens offline or as pieces for a LaTeX template; a sweep's as one HTML file."""

from handgrad.report.html import write_report
from handgrad.report.latex import write_latex
from handgrad.report.sweep import write_sweep_report

__all__ = ["write_latex", "write_report", "write_sweep_report"]
