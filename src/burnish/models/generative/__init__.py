"""Models that make samples, one family a file."""
