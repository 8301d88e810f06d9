"""What ``run`` does."""
