"""Rules about state that a process keeps between requests, while there are many processes."""
