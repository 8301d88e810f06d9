"""What ``attack`` does."""
