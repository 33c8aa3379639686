"""Rules about routes: which one answers, with which status, and what its URL carries."""
