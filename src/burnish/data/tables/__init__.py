"""Tables: reading the file, what each column is, and its rows as numbers."""
