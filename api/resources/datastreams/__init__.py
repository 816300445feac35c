"""Datastreams: one device, one property, one channel, one site."""
