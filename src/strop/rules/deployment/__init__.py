"""Rules about how the application is packed, started and watched."""
