"""Decoding one barcode of each type and one chip image, beside decoders as often written.

Theirs (`tests.benchmarks.plain_decoders`) check nothing; ours refuse what is not a policy and say
where. The last row counts what that costs the others: photos whose bytes look like tags.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from kiosk.demo.encode_barcode import encode
from kiosk.demo.encode_chip import holder_file, insurer_file
from kiosk.demo.people import PEOPLE, person
from kiosk.demo.silhouette import silhouette
from kiosk.policy.barcode import decode_barcode
from kiosk.policy.chip import decode_chip
from tests.benchmarks.plain_decoders import Plain, barcode_by_bits, chip_by_byte_pairs
from tests.benchmarks.table import Row, compared, interleave, scaled

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiosk.policy.model import PresentedPolicy

_CALLS = 100
_PHOTO_BYTES = 12_000
_ONE = person("double_barrelled")
_IMAGES = 1000
_PAIRS = "search for tags as byte pairs"


def run() -> list[Row]:
    """Microseconds a document, then chip images right of 1,000."""
    return [
        _barcode(1),
        _barcode(2),
        _chip(None),
        _chip(silhouette(_PHOTO_BYTES)),
        _photos(),
    ]


def _barcode(kind: int) -> Row:
    for one in PEOPLE:
        if (one.slug, kind) != ("full_68", 1):
            code = encode(one, kind=kind)
            _same(decode_barcode(code), barcode_by_bits(code))
    payload = encode(_ONE, kind=kind)
    return _measure(
        f"decode a barcode 0x0{kind}",
        lambda: decode_barcode(payload),
        "string of bits",
        lambda: barcode_by_bits(payload),
    )


def _chip(photo: bytes | None) -> Row:
    holder, insurer = holder_file(_ONE, photo=photo), insurer_file(_ONE)
    _same(decode_chip(holder, insurer), chip_by_byte_pairs(holder, insurer))
    what = "without photo" if photo is None else f"with photo of {len(photo):,} B"
    return _measure(
        f"decode a chip image {what}",
        lambda: decode_chip(holder, insurer),
        _PAIRS,
        lambda: chip_by_byte_pairs(holder, insurer),
    )


def _photos() -> Row:
    rng = random.Random(11)  # noqa: S311  repeatable, not secret
    insurer = insurer_file(_ONE)
    known = decode_chip(holder_file(_ONE), insurer)
    right = right_pairs = 0
    for _ in range(_IMAGES):
        holder = holder_file(_ONE, photo=rng.randbytes(_PHOTO_BYTES))
        ours = decode_chip(holder, insurer)
        right += replace(ours, photo=None) == known
        right_pairs += _plain(ours) == chip_by_byte_pairs(holder, insurer)
    return compared(
        "chip images right",
        f"of {_IMAGES:,}",
        [right],
        _PAIRS,
        [right_pairs],
        note="photos of any bytes; no SNILS on the card, as usual",
    )


def _measure(
    what: str, ours: Callable[[], object], alternative: str, other: Callable[[], object]
) -> Row:
    mine, theirs = interleave(ours, other, rounds=40, calls=_CALLS)
    return compared(what, "µs", scaled(mine, 1e6), alternative, scaled(theirs, 1e6))


def _same(ours: PresentedPolicy, other: Plain) -> None:
    if _plain(ours) != other:
        raise RuntimeError("the two decoders disagree")


def _plain(policy: PresentedPolicy) -> Plain:
    insurer = policy.insurer
    return Plain(
        enp=policy.enp or "",
        surname=policy.surname or "",
        given_name=policy.given_name or "",
        patronymic=policy.patronymic or "",
        birth_date=policy.birth_date,
        sex=policy.sex.value if policy.sex else "",
        expiry_date=policy.expiry_date,
        ogrn=insurer.smo.ogrn if insurer else "",
        okato=insurer.smo.okato or "" if insurer else "",
        signature=policy.signature.value if policy.signature else b"",
        snils=policy.snils or "",
        birth_place=policy.birth_place or "",
        country=policy.citizenship.code if policy.citizenship else "",
        issue_date=policy.issue_date,
        insured_since=insurer.begin if insurer else None,
        photo=policy.photo.data if policy.photo else b"",
    )
