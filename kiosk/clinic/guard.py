"""Which names a request may call this kiosk by, and which web pages may ask it. Pure.

A page from anywhere can make a browser send requests to 127.0.0.1, and a name that its owner points
at 127.0.0.1 makes them look like its own (DNS rebinding). So a request must name a host that we
go by, and where it names the page that it comes from (`Origin`), that page must be ours or stand in
the configuration, character for character.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LOCAL_NAMES: Final = ("127.0.0.1", "localhost", "[::1]")
_PREFLIGHT_SECONDS: Final = 600
_OTHER_SITE: Final = frozenset({"cross-site", "same-site"})


@dataclass(frozen=True, slots=True)
class Rules:
    """What one door lets through."""

    door: str
    """`unix`, `loopback` or `tls`."""
    hosts: frozenset[str] | None
    """Values of `Host` that are ours; None: any, since no browser can come in."""
    own_origins: frozenset[str] = field(default_factory=frozenset)
    origins: frozenset[str] = field(default_factory=frozenset)
    """Of other pages that may ask."""

    def names_us(self, host: str | None) -> bool:
        """Whether a request by this `Host` is meant for us."""
        return self.hosts is None or (host is not None and host.strip().lower() in self.hosts)

    def lets_ask(self, headers: Mapping[str, str]) -> bool:
        """Whether the page that sent this request may ask; programs that are no pages may."""
        origin = headers.get("Origin")
        if origin is None:
            # A script tag or a form of another page says no origin, but browsers say this.
            return headers.get("Sec-Fetch-Site", "") not in _OTHER_SITE
        return origin in self.own_origins or origin in self.origins

    def cors(self, headers: Mapping[str, str], *, preflight: bool = False) -> dict[str, str]:
        """What lets a page in the list read the answer: its own name, and never `*`."""
        origin = headers.get("Origin", "")
        if origin not in self.origins:
            return {}
        said = {"Access-Control-Allow-Origin": origin}
        if preflight:
            said["Access-Control-Allow-Methods"] = "GET"
            said["Access-Control-Allow-Headers"] = "Accept, Authorization"
            said["Access-Control-Max-Age"] = str(_PREFLIGHT_SECONDS)
            if headers.get("Access-Control-Request-Private-Network") == "true":
                said["Access-Control-Allow-Private-Network"] = "true"
        else:
            said["Access-Control-Expose-Headers"] = "Retry-After"
        return said


def unix_rules() -> Rules:
    """For the Unix socket."""
    return Rules("unix", None)


def loopback_rules(port: int, origins: Iterable[str]) -> Rules:
    """For 127.0.0.1."""
    hosts = [f"{name}:{port}" for name in _LOCAL_NAMES]
    return Rules(
        "loopback",
        frozenset(hosts),
        frozenset(f"http://{host}" for host in hosts),
        frozenset(origins),
    )


def tls_rules(port: int, names: Iterable[str], origins: Iterable[str]) -> Rules:
    """For the network; `names` are those of the server's certificate."""
    hosts = [f"{name.lower()}:{port}" for name in names]
    if port == 443:
        hosts += [name.lower() for name in names]
    return Rules(
        "tls",
        frozenset(hosts),
        frozenset(f"https://{host}" for host in hosts),
        frozenset(origins),
    )
