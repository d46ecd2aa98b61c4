"""What the journal raises; no message holds a value of a person."""

from __future__ import annotations


class JournalError(Exception):
    """Root of everything that the journal raises."""


class ReceiptFormatError(JournalError):
    """Bytes or a text that are no receipt and no statement, or not a whole one."""


class JournalKeyError(JournalError):
    """A key file is missing, cannot be read, or holds something else."""


class JournalFileError(JournalError):
    """The journal's file cannot be read or written at the moment; nothing has changed in it."""
