"""Try cuts of a traced model, and find what it takes for them to hold."""
