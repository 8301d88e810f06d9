"""Several attacks together, and what their answers say about each other."""
