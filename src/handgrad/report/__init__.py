"""Reports: a run's or a sweep's as one HTML file that opens offline, or a run's as pieces for a LaTeX template."""

from handgrad.report.html import write_report
from handgrad.report.latex import write_latex
from handgrad.report.sweep import write_sweep_report

__all__ = ["write_latex", "write_report", "write_sweep_report"]
