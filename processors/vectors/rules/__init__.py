"""How a vector's inputs become calls of the formulas: one `@rule` function per standard, found by its name."""
