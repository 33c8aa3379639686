"""Rules about calls to other services, and about what goes over the wire."""
