"""Webhooks: messages that come over HTTP and go the way of every message."""
