"""Samples changed at random while training: geometry, colour, noise, mixing."""
