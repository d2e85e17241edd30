"""HTTP: schemas, routes, and which error becomes which status."""
