"""Drafts a maker profile from one message, each guess with its reason."""
