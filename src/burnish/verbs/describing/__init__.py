"""What ``describe`` answers with."""
