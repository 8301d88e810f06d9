"""Words and values in, options out; outcomes as text and as JSON."""
