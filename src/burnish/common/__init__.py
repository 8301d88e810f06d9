"""The ground floor: errors, seeding and small pure helpers that every other area may use."""
