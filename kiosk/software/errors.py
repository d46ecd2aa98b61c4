"""What goes wrong with releases, in families by whose fault it is; one line each, for people."""

from __future__ import annotations


class SoftwareError(Exception):
    """Root of what `kiosk.software` raises beside the errors of `offline_cache`."""


class BundleError(SoftwareError):
    """A signed bundle is not one that this kiosk can take: it counts as bad from then on."""


class BuildError(SoftwareError):
    """A release could not be made of its bundle, for a reason of this machine perhaps."""


class NotInstalledError(SoftwareError):
    """There are no releases on this machine to update."""
