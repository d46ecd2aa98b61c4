"""Outcomes and their reasons."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date


class Outcome(enum.StrEnum):
    """What the signature of a document says."""

    VERIFIED = "verified"
    NOT_VERIFIABLE = "not_verifiable"
    FORGED = "forged"


class Why(enum.StrEnum):
    """Fixed codes of why a document is not verifiable."""

    NO_SIGNATURE = "no_signature"
    NO_KEY = "no_key"
    """No trusted key or certificate of whoever should have signed."""
    NO_CERTIFICATE = "no_certificate"
    """A chip's signature without its signer's certificate."""
    BAD_CERTIFICATE = "bad_certificate"
    """The signer's certificate cannot be read, or may not sign documents."""
    CHAIN_UNKNOWN = "chain_unknown"
    """The signer's certificate leads to none that is trusted."""
    CHAIN_EXPIRED = "chain_expired"
    """The certificate, its authority's or the trusted key is no longer valid."""
    NOT_YET_VALID = "not_yet_valid"
    UNKNOWN_ALGORITHM = "unknown_algorithm"
    """An algorithm, or a form of key, that is not supported or too weak."""
    ENGINE_MISSING = "engine_missing"
    """`openssl` or its gost engine is missing, or does not compute what it should."""
    TIMEOUT = "timeout"
    SHAPE = "shape"
    """The signature has not the size or form that the key's algorithm gives."""
    FAILED = "failed"
    """Something else went wrong on our side."""


@dataclass(frozen=True, slots=True)
class Authenticity:
    """An outcome with its details."""

    outcome: Outcome
    why: Why | None = None
    """Set when, and only when, the outcome is not verifiable."""
    reading: str | None = None
    """Name of the signed range that matched; set when verified."""
    issuer: str | None = None
    """OGRN to whom the deciding key belongs; None: not decided, or a key for every insurer."""

    @classmethod
    def unknown(cls, why: Why) -> Authenticity:
        """Not verifiable."""
        return cls(Outcome.NOT_VERIFIABLE, why)


class CannotTellError(Exception):
    """Something could not be computed or judged; says nothing about the document."""

    def __init__(self, why: Why, message: str) -> None:
        """Keep the code and the words for a log, which hold nothing personal."""
        super().__init__(message)
        self.why = why


def validity(first: date, last: date, on: date) -> Why | None:
    """Why something that holds from `first` to `last`, both included, does not hold `on` a day."""
    if on < first:
        return Why.NOT_YET_VALID
    return Why.CHAIN_EXPIRED if on > last else None
