"""Rules about which layer does what."""
