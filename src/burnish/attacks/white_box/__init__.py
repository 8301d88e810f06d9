"""Attacks that use the model's gradients."""
