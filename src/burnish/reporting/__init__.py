"""Runs on paper: the offline page, its figures, and the table for a terminal. Reads plain files, never torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from burnish.common.lazy_names import lazy_names

if TYPE_CHECKING:
    from burnish.reporting.page import write_recipe_report, write_report
    from burnish.reporting.pictures import data_uri
    from burnish.reporting.table import summary_rows, summary_table

__all__ = ["data_uri", "summary_rows", "summary_table", "write_recipe_report", "write_report"]

_HOMES = {
    "data_uri": "pictures",
    "summary_rows": "table",
    "summary_table": "table",
    "write_recipe_report": "page",
    "write_report": "page",
}

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
