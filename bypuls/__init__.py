"""The shared kernel of Bypuls: the words of the domain and the way to the database."""
