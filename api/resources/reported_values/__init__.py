"""Reported values: what a city says of its U4SSC data points, one by one or as a file."""
