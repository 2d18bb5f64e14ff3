"""Makes the screenshot."""
