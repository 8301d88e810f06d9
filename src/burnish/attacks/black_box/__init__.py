"""Attacks that use only what the model answers."""
