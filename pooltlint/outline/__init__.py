"""A program told without its language: what code readers lower to, and what is found out on it."""
