"""Rules about what a request makes that the process could keep."""
