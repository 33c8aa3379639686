"""Rules about failures: who is told what, and what is kept from everybody."""
