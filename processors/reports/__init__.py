"""City reports: collected from the database, composed once, written as HTML, PDF and JSON."""
