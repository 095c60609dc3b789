"""The report of a version: one HTML file that needs nothing beside it."""
