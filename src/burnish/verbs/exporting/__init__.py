"""The insides of ``burnish export``."""
