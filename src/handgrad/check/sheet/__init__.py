"""Formula sheets: one equation a line, each judged right or wrong before any code is written."""

from handgrad.check.sheet.checking import check_sheet
from handgrad.check.sheet.report import SheetLine, SheetReport

__all__ = ["SheetLine", "SheetReport", "check_sheet"]
