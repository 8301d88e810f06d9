"""What ``predict`` does."""
