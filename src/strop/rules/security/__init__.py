"""Rules about what a request can make the service do that it must not."""
