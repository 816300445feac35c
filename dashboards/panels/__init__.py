"""Panels, one function each; the boards put them together."""
