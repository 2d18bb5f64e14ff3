"""The ways of saying what was found: one module for each format, all with ``render(report, book, sources, out)``."""
