"""The public sensor register: what hangs where, why, whose, and whether it tells of persons."""
