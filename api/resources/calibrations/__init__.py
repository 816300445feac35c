"""Calibrations: how a datastream's values are to be read, from a time on."""
