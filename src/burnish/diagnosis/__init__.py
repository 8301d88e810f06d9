"""Diagnosis: what is wrong with data, with training and with a model, and what to do about it."""
