"""Rules about the layers around the application."""
