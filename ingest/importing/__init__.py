"""Import of history: rows of files become observations, by columns and not one by one; same rules as for messages."""
