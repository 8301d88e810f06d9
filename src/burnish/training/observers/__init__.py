"""What watches a training run: each subscribes to events, keeps its own state, and is saved with the run."""
