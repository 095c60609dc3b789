"""The page, as it lies and in a real browser."""
