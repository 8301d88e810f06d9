"""Weights that others have trained: where they lie, how they are read, and how they are made to fit."""
