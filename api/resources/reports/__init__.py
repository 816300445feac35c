"""City reports that were made, and their files."""
