"""Rules about what requests and answers are made of."""
