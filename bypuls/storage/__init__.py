"""The way to the database: connections, named SQL, migrations."""
