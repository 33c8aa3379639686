"""The doors: thin, they decide nothing."""
