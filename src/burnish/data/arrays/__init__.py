"""Tensors, arrays and torch data sets that are given from Python or stored as .npz."""
