"""Hostile input for everything that reads bytes from outside: only `FormatError` may come out."""
