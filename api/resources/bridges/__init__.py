"""Bridges: what is pulled from other services, and how far it is."""
