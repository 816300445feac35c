"""Whose token a request bears."""
