"""Errors of the offline register, in families by whose fault it is.

Messages are one line, name the file or the place, say what to do, and never hold a value from the
register or from a document.
"""

from __future__ import annotations


class RegisterError(Exception):
    """Root of everything that `offline_cache` raises."""


class RegisterMissingError(RegisterError):
    """There is no register in the folder, or it may not be read."""


class RegisterCorruptError(RegisterError):
    """The file is damaged, cut short, or not a register; its answers must not be used."""


class RegisterVersionError(RegisterError):
    """The file has a format that this program does not know: the program is older."""


class RegisterKeyError(RegisterError):
    """The register was built with another key than the one given."""


class KeyFileError(RegisterError):
    """The key file is missing, unreadable, or does not hold a key."""


class RegisterBusyError(RegisterError):
    """Another process is replacing the register in the same folder."""


class RegisterSpaceError(RegisterError):
    """The disk has too little room for what is to be written."""


class RegisterWriteError(RegisterError):
    """The disk did not take what was to be written, or gave back something else."""


class BadRowsError(RegisterError):
    """The publisher's rows cannot become a register; nothing was published."""


class RowsFormatError(RegisterError):
    """A rows file is damaged, cut short, or not one."""


class ManifestError(RegisterError):
    """The signed description of a list cannot be used."""


class EndStateError(RegisterError):
    """Rows did not lead to the count and digest that were signed; what they made was dropped."""


class GoldenPolicyError(RegisterError):
    """A list does not answer rightly about a policy that must be in it; it was not taken."""


class TrustError(RegisterError):
    """A signature, a version or a date says that what was offered must not be trusted."""


class FetchError(RegisterError):
    """A file could not be fetched: network, server, stick, or a limit of size or time."""


class OfficeError(RegisterError):
    """The publisher's folder, its keys or its settings do not allow what was asked."""
