"""One folder here is one noun of the API: endpoints, schemas, queries."""
