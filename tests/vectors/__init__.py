"""Invented documents with the verdicts that they must get: see README.md."""
