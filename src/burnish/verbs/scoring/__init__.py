"""What ``evaluate`` does."""
