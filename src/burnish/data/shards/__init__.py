"""Shards: many samples in few tar files, for data that is larger than memory."""
