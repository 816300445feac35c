"""Rollups: observations by five minutes and by hour."""
