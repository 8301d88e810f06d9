"""Models of sequences, one family a file."""
