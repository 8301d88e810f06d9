"""Figures of a report: inline SVG in the page's own colours, one file per figure."""
