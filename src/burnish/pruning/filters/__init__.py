"""Remove whole filters: how many, which, and until what is reached."""
