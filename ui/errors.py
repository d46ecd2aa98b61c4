"""What can go wrong with the screen."""

from __future__ import annotations


class UiError(Exception):
    """Root of everything the screen raises; its text says what to do."""


class FontError(UiError):
    """No usable type face is installed."""


class DisplayError(UiError):
    """No window can be opened on this display."""
