"""One public module here is one formula; `processors.calculation` finds them, no list is kept."""
