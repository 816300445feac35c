"""Devices: what publishes, and what became of its last messages."""
