"""Test issuers: a trust list, and cards and barcodes that its keys judge each in another way.

`python -m kiosk.demo.issuers DIR` writes them: `trust.csv` for the reference tables, certificates,
insurer and holder files of cards, barcodes, and `expected.csv` with the outcome of each. The secret
keys stay in the folder: whoever has it can sign, so such a trust list is for tests alone.
"""

from __future__ import annotations

import base64
import csv
import io
import sys
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kiosk.authenticity import Outcome, TrustedKey, Why
from kiosk.demo.encode_barcode import encode
from kiosk.demo.encode_chip import holder_file, insurer_content, insurer_file, tlv
from kiosk.demo.issuer_keys import ALGORITHMS, IssuersError, certify, make_keys
from kiosk.demo.people import person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiosk.demo.issuer_keys import Certified, KeyPair
    from kiosk.demo.people import Person

READINGS: Final = ("content", "object", "original-header")
"""What of the insurer file may be signed."""
BARCODE_KEYS: Final = {"gost2001": 1, "gost2012_256": 2, "ecdsa-sha256": 3}
"""Ids of the keys of barcodes: their signatures fit the 64 bytes."""
EXPIRED_KEY: Final = 4
NOBODYS_KEY: Final = 0x7F

_YEAR: Final = timedelta(days=365)
_DAY: Final = timedelta(days=1)
_SLUG: Final = "plain_man"


@dataclass(frozen=True, slots=True)
class Sample:
    """A signed card or barcode, and what the trust list says about it."""

    name: str
    outcome: Outcome
    why: Why | None = None
    insurer: bytes | None = None
    """Of a card; its holder file is signed by nobody."""
    barcode: bytes | None = None


@dataclass(frozen=True, slots=True)
class Issuers:
    """Authorities and signers of every algorithm, and what they signed for one person."""

    person: Person
    # A hundred kilobytes in a `repr` would hide what a failing test has to say.
    trusted: tuple[TrustedKey, ...] = field(repr=False)
    certificates: dict[str, bytes] = field(repr=False)
    """DER by name."""
    samples: tuple[Sample, ...] = field(repr=False)


def sign_card(
    one: Person, signer: Certified, *, reading: str = "object", backwards: bool = False
) -> bytes:
    """The insurer file of a person, signed; `backwards` as CryptoAPI providers write GOST."""
    content = insurer_content(one)
    size = signer.keys.signature_size
    blank = insurer_file(one, signature=bytes(size), certificate=signer.certificate)
    signed = {
        "content": content,
        "object": tlv(0x64, content),
        "original-header": blank[: blank.index(content)] + content,
    }[reading]
    signature = signer.keys.sign(signed)
    if backwards:
        signature = signature[::-1]
    return insurer_file(one, signature=signature, certificate=signer.certificate)


def sign_barcode(one: Person, keys: KeyPair, *, key_id: int = 1, kind: int = 1) -> bytes:
    """The barcode of a person, signed; the key must be one of 64-byte signatures."""
    body = encode(one, kind=kind)[:65]
    return encode(one, kind=kind, signature=bytes([key_id]) + keys.sign(body))


def make_issuers(folder: Path, today: date, *, one: Person | None = None) -> Issuers:
    """Make issuers and their samples; secret keys go to `folder`.

    Raises:
        IssuersError: openssl or its gost engine is missing.
    """
    made = _Maker(folder, today, one if one is not None else person(_SLUG))
    samples = [sample for algorithm in ALGORITHMS for sample in made.cards(algorithm)]
    for algorithm in BARCODE_KEYS:
        samples += made.barcodes(algorithm)
    return Issuers(made.one, tuple(made.trusted), made.certificates, tuple(samples))


class _Maker:
    def __init__(self, folder: Path, today: date, one: Person) -> None:
        self._folder = folder
        self._today = today
        self._first, self._last = today - _YEAR, today + _YEAR
        self.one = one
        self.trusted: list[TrustedKey] = []
        self.certificates: dict[str, bytes] = {}

    def cards(self, algorithm: str) -> Iterator[Sample]:
        """Cards of an authority and its signer."""
        authority = self._authority(f"authority-{algorithm}", algorithm)
        self.trusted.append(authority.trusted("*", self._first, self._last))
        keys = self._keys(f"signer-{algorithm}", algorithm)
        signer = self._signer(f"signer-{algorithm}", keys, authority)
        for reading in READINGS:
            insurer = sign_card(self.one, signer, reading=reading)
            yield Sample(f"{algorithm}-{reading}", Outcome.VERIFIED, insurer=insurer)
        good = sign_card(self.one, signer)
        later = replace(self.one, insured_since=self.one.insured_since + _DAY)
        altered = good.replace(insurer_content(self.one), insurer_content(later))
        yield Sample(f"{algorithm}-altered", Outcome.FORGED, insurer=altered)
        stranger = self._authority(f"foreign-authority-{algorithm}", algorithm)
        today = self._today
        others = {
            "foreign": (Why.CHAIN_UNKNOWN, self._signer("foreign", keys, stranger)),
            "expired": (
                Why.CHAIN_EXPIRED,
                self._signer("expired", keys, authority, last=today - _DAY),
            ),
            "not-yet-valid": (
                Why.NOT_YET_VALID,
                self._signer("not-yet-valid", keys, authority, first=today + _DAY),
            ),
        }
        for name, (why, other) in others.items():
            insurer = sign_card(self.one, other)
            yield Sample(f"{algorithm}-{name}", Outcome.NOT_VERIFIABLE, why, insurer=insurer)

    def barcodes(self, algorithm: str) -> Iterator[Sample]:
        """Barcodes of one key, of the same key when it was another's, and altered ones."""
        keys = self._keys(f"barcode-{algorithm}", algorithm)
        key_id = BARCODE_KEYS[algorithm]
        self._trust(keys, key_id, self._last)
        for kind in (1, 2):
            name = f"barcode-0{kind}-{algorithm}"
            good = sign_barcode(self.one, keys, key_id=key_id, kind=kind)
            yield Sample(name, Outcome.VERIFIED, barcode=good)
            altered = good[:8] + bytes([good[8] ^ 1]) + good[9:]
            # A key of one insurer cannot condemn a barcode that names none.
            condemned = kind == 1
            yield Sample(
                f"{name}-altered",
                Outcome.FORGED if condemned else Outcome.NOT_VERIFIABLE,
                None if condemned else Why.NO_KEY,
                barcode=altered,
            )
        foreign = sign_barcode(self.one, keys, key_id=NOBODYS_KEY)
        why = Why.NO_KEY
        yield Sample(f"barcode-{algorithm}-foreign", Outcome.NOT_VERIFIABLE, why, barcode=foreign)
        late = EXPIRED_KEY + key_id
        self._trust(keys, late, self._today - _DAY)
        expired, why = sign_barcode(self.one, keys, key_id=late), Why.CHAIN_EXPIRED
        yield Sample(f"barcode-{algorithm}-expired", Outcome.NOT_VERIFIABLE, why, barcode=expired)

    def _trust(self, keys: KeyPair, key_id: int, last: date) -> None:
        ogrn = self.one.insurer.ogrn
        key = TrustedKey(
            "barcode", ogrn, f"{key_id:02x}", keys.algorithm, self._first, last, keys.public
        )
        self.trusted.append(key)

    def _keys(self, name: str, algorithm: str) -> KeyPair:
        return make_keys(algorithm, self._folder / "secret" / f"{name}.pem")

    def _authority(self, name: str, algorithm: str) -> Certified:
        keys = self._keys(name, algorithm)
        made = certify(f"Test {name}", keys, self._first, self._last, authority=True)
        self.certificates[name] = made.certificate
        return made

    def _signer(
        self,
        name: str,
        keys: KeyPair,
        by: Certified,
        *,
        first: date | None = None,
        last: date | None = None,
    ) -> Certified:
        first, last = first or self._first, last or self._last
        made = certify(f"Test {name}", keys, first, last, by=by)
        self.certificates[f"{name}-by-{by.keys.file.stem}"] = made.certificate
        return made


def trust_table(trusted: tuple[TrustedKey, ...]) -> bytes:
    """The reference table `trust.csv` of some keys."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("issuer", "key_id", "algorithm", "not_before", "not_after", "key", "purpose"))
    for one in trusted:
        days = (one.not_before.isoformat(), one.not_after.isoformat())
        key = base64.b64encode(one.key).decode()
        writer.writerow((one.issuer, one.key_id, one.algorithm, *days, key, one.purpose))
    return out.getvalue().encode()


def write_issuers(issuers: Issuers, folder: Path) -> None:
    """Write everything but the secret keys to a folder, which may exist."""
    for name in ("certificates", "cards", "barcodes"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "trust.csv").write_bytes(trust_table(issuers.trusted))
    for name, certificate in issuers.certificates.items():
        (folder / "certificates" / f"{name}.cer").write_bytes(certificate)
    (folder / "cards" / "holder.bin").write_bytes(holder_file(issuers.person))
    lines = ["name,outcome,why\n"]
    for one in issuers.samples:
        if one.insurer is not None:
            (folder / "cards" / f"{one.name}.insurer.bin").write_bytes(one.insurer)
        if one.barcode is not None:
            (folder / "barcodes" / f"{one.name}.bin").write_bytes(one.barcode)
        lines.append(f"{one.name},{one.outcome},{one.why or ''}\n")
    (folder / "expected.csv").write_text("".join(lines), encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Write issuers to a new folder; the process's exit code."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: python -m kiosk.demo.issuers DIR  (a folder that is not there yet)")
        return 2
    folder = Path(arguments[0])
    try:
        folder.mkdir(parents=True)
        issuers = make_issuers(folder, date.today())  # noqa: DTZ011  the day here
        write_issuers(issuers, folder)
    except OSError as error:
        print(f"{folder}: {error.strerror}; name a folder that is not there yet", file=sys.stderr)
        return 1
    except IssuersError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{folder}: {len(issuers.trusted)} trusted keys, {len(issuers.samples)} samples")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
