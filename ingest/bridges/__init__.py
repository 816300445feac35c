"""Bridges: what other services let us pull. They write it as rows of the outbox; ingest publishes them."""
