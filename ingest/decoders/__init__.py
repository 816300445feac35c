"""One public module here is one payload format; `ingest.decoding` finds them, no list is kept."""
