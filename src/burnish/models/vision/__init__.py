"""Models of images, one family a file."""
