"""HTTP: routes, their schemas, and the one form of every error."""
