"""Train on attacked samples."""
