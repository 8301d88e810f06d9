"""The insides of ``burnish prune``."""
