"""What ``fit`` does."""
