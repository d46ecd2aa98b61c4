"""Signatures that are known to be right, for asking whether the gost engine computes at all.

Made with throw-away keys of the engine; the secret halves are gone.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """A signature over `data` by the secret half of `key`."""

    key: bytes
    """SubjectPublicKeyInfo, DER."""
    signature: bytes
    data: bytes = b"known answer"


def _known(key: str, signature: str) -> KnownAnswer:
    return KnownAnswer(base64.b64decode(key), base64.b64decode(signature))


KNOWN_ANSWERS: Final = {
    "gost2001": _known(
        "MGMwHAYGKoUDAgITMBIGByqFAwICIwEGByqFAwICHgEDQwAEQExxue09Vt9jA1eTwmDVWm7ra1pS4nUkp+j+"
        "14eowWPRfxOGFphtnjQzTJ67+fd0aa4nBk+ORu94XUgX9Me7IJE=",
        "orbilJx6bdN75q4OXPUiwlewyEjb79GEZPSqBgi0UVg0LR445bj8jnmkdpsiE1HVQHmzyq2+lXhUVA/bXqwMXA==",
    ),
    "gost2012_256": _known(
        "MGYwHwYIKoUDBwEBAQEwEwYHKoUDAgIjAQYIKoUDBwEBAgIDQwAEQGPh7+J+mSKK3jWeOa5QMXr4zhWgslEA"
        "Ry6Z/rgm0F3BuId/HtUnrlfD2zvkJE6wNoPesYpVPQxkvrpnSEukjRU=",
        "1JATv2aV3W/QvQTLBYxkmjAvmP9G1VeteELfQ+dxsSlGAlOmIhcYDclr+ZX5l9K8FMnBtwzVjE0CnBX3rx/0XQ==",
    ),
    "gost2012_512": _known(
        "MIGqMCEGCCqFAwcBAQECMBUGCSqFAwcBAgECAQYIKoUDBwEBAgMDgYQABIGAfup8iJP6RAcDoS4oDkO+HTO/"
        "RxDoMHUrXkhMSJj407QVmN7oybjdTf8m9ML5dP0FuhJ4WNWonzzECo01B3tcDx8BjY4DiLpuVPCVfZ3bQsg7"
        "O5mYijZZawc73DGPzzGiZM4XpfJ3i/mECsrkqqjInZu9OFw3YePntGH8AC4swck=",
        "HL0zurjs3YaSQUGUDio4GnxzvCZNWKjc/UQW+0irugBnObs8PdihRiR2n4bC+Dd1VIcYgWZqoebvYJZPjfXB"
        "poWyGk7uK5HAw2DEb7S1oDH2GeJBOMA0X/wrkTvqEdv50JnVCXZYxGPOoy6j++TsSGg7TO2wnBHHeg+tCNCb"
        "S1Y=",
    ),
}
"""By algorithm."""
