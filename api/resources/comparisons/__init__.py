"""Comparisons of cities: among comparable values only."""
