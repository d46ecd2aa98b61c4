"""Tokens of the programs that may ask: who holds one, and what its holder is told.

The file has one program a line: its name, the SHA-256 of its token as 64 hex digits, its scopes
joined by commas. `kiosk clinic token` makes the line. A token is 256 random bits, so a plain digest
is enough: there is nothing to guess, and a file that is read by others lets nobody in.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kiosk.clinic.fields import Scope

if TYPE_CHECKING:
    from pathlib import Path

_log = logging.getLogger(__name__)

CREDENTIAL: Final = "clinic-tokens"
"""Name of the systemd credential that holds the file where the configuration names none."""
MOST_BYTES: Final = 64 * 1024
MOST_TOKENS: Final = 256
_PREFIX: Final = "oms_"
"""Lets a token be told from other secrets where one was left lying about."""
_LONGEST_TOKEN: Final = 128
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,31}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class TokenFileError(Exception):
    """A file of tokens that cannot be used: where, and what would be right; never a digest."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A program that showed its token."""

    name: str
    scopes: frozenset[Scope]


@dataclass(frozen=True, slots=True)
class _Entry:
    digest: str
    caller: Caller


def make_token(name: str, scopes: frozenset[Scope]) -> tuple[str, str]:
    """A new token and the line of the file that lets it in.

    Raises:
        ValueError: the name would not be read back.
    """
    if _NAME.fullmatch(name) is None:
        raise ValueError("a name has 1 to 32 of a-z, 0-9, '-', '_' and '.'")
    token = _PREFIX + secrets.token_urlsafe(32)
    listed = ",".join(scope.value for scope in Scope if scope in scopes)
    return token, f"{name} {_digest_of(token)} {listed}"


def parse(text: str) -> tuple[_Entry, ...]:
    """Read the lines of a file; empty ones and those that begin with `#` say nothing.

    Raises:
        TokenFileError: names the first line that is wrong.
    """
    entries: list[_Entry] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 3:
            raise TokenFileError(f"line {number}: must be name, digest and scopes")
        name, digest, listed = words
        if _NAME.fullmatch(name) is None or any(one.caller.name == name for one in entries):
            raise TokenFileError(f"line {number}: a name that is not one, or stands there twice")
        if _DIGEST.fullmatch(digest) is None:
            raise TokenFileError(f"line {number}: the digest must be 64 small hex digits")
        scopes = frozenset(scope for scope in Scope if scope.value in listed.split(","))
        if len(scopes) != len(listed.split(",")):
            raise TokenFileError(f"line {number}: scopes are {', '.join(Scope)}, each once")
        entries.append(_Entry(digest, Caller(name, scopes)))
    if len(entries) > MOST_TOKENS:
        raise TokenFileError(f"more than {MOST_TOKENS} tokens")
    return tuple(entries)


class Tokens:
    """The file as it is now: looked at on each question, read again when it changed."""

    def __init__(self, path: Path | None) -> None:
        """`path` None: nobody holds a token."""
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._complaint = ""
        self._entries: tuple[_Entry, ...] = ()

    def find(self, token: str) -> Caller | None:
        """Who holds `token`; None: nobody. Takes the same time whichever of them it is."""
        self._refresh()
        digest = _digest_of(token[:_LONGEST_TOKEN])
        found = None
        for entry in self._entries:
            if hmac.compare_digest(entry.digest, digest):
                found = entry.caller
        return found

    def still_holds(self, caller: Caller) -> bool:
        """Whether a caller that was let in would be let in with the same scopes now."""
        self._refresh()
        return any(entry.caller == caller for entry in self._entries)

    def _refresh(self) -> None:
        """A file that is missing or wrong lets nobody in; it is told once."""
        if self._path is None:
            return
        identity = None
        try:
            found = self._path.stat()
            # Not the time of its last change: who may write it can change without.
            identity = (found.st_ino, found.st_ctime_ns, found.st_size)
            if identity == self._seen:
                return
            self._entries, self._seen = (), None
            self._entries = self._read(found.st_mode)
        except OSError as error:
            self._seen = None
            self._shut(f"errno {error.errno}")
        except (TokenFileError, UnicodeDecodeError) as error:
            # Not read again with each question until somebody mends it.
            self._seen = identity
            self._shut(str(error) if isinstance(error, TokenFileError) else "not ASCII")
        else:
            self._seen, self._complaint = identity, ""
            _log.info("clinic: %d tokens", len(self._entries))

    def _read(self, mode: int) -> tuple[_Entry, ...]:
        if mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise TokenFileError("others may write the file: chmod go-w")
        if self._path is None:
            return ()
        with self._path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise TokenFileError(f"larger than {MOST_BYTES} bytes")
        return parse(raw.decode("ascii"))

    def _shut(self, complaint: str) -> None:
        self._entries = ()
        if complaint != self._complaint:
            self._complaint = complaint
            _log.error("clinic: nobody is let in: the tokens' file: %s", complaint)


def _digest_of(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
