"""What ``data preview`` does."""
