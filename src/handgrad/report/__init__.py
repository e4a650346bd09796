"""Reports of a run: one HTML file that opens offline, or figures and tables for a LaTeX template."""

from handgrad.report.html import write_report
from handgrad.report.latex import write_latex

__all__ = ["write_latex", "write_report"]
