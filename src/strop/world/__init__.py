"""A safe copy of what the application touches: folder, database, environment, processes."""
