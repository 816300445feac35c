"""Test vectors of standards: their inputs go to the formulas that the city's data go to, the answers are compared."""
