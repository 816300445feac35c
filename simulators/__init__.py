"""Pretends to be devices, through the broker only."""
