"""From sources to batches: the order of samples, and who gathers them."""
