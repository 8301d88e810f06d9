"""Is this data fit to train on? Findings with a count, examples, what they mean and what to do."""
