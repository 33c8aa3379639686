"""Rules about what the database is asked."""
