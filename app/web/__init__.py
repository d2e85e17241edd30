"""The page for patients."""
