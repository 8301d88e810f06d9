"""Pruning: models made smaller and measurably faster, with the evidence."""
