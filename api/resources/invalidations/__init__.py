"""Invalidations: periods of which people say that values do not count."""
