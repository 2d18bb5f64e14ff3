"""Syntax: one file per kind of file, each with ``read(path, data)``; the only room that may import a parser."""
