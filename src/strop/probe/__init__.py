"""What runs inside the user's process: standard library only, works where strop is not installed."""
