"""What takes bytes from outside: seeds of each, and what may come out.

An outcome in words begins with what is counted; behind a colon stands what tells inputs apart.
"""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import TYPE_CHECKING, Final

from kiosk.demo.encode_barcode import encode
from kiosk.demo.encode_chip import holder_file, insurer_file
from kiosk.demo.encode_mrz import encode_foreign, encode_internal
from kiosk.demo.people import PEOPLE, person
from kiosk.demo.silhouette import silhouette
from kiosk.policy.as_json import policy_to_json
from kiosk.policy.barcode import decode_barcode
from kiosk.policy.chip import decode_chip
from kiosk.policy.digital import decode_text
from kiosk.policy.model import FormatError
from kiosk.policy.mrz import decode_mrz
from kiosk.policy.typed import (
    typed,
    typed_birth_certificate,
    typed_old_policy,
    typed_passport,
    typed_snils,
)
from tests.fuzz.bounds import MIB, Limits
from tests.fuzz.certificates import certificate_seeds, verify_certificate
from tests.fuzz.engine import Target, is_plain, refusal
from tests.fuzz.mutate import BYTES, SAME_SIZE, Parts
from tests.fuzz.passport import PASSPORT
from tests.fuzz.text import TEXT
from tests.fuzz.tlv_tree import change_tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiosk.policy.model import PresentedPolicy

WHOLE: Final = b"\0"
CUT: Final = b"\1"
"""First part of a chip's input: whether its files may end inside photo and signature."""


_NUMBERS: Final = ("enp", "temporary_certificate", "old_policy", "snils", "identity_document")
_TYPED: Final = (typed, typed_old_policy, typed_passport, typed_birth_certificate)
_BORN: Final = date(1984, 3, 5)


def accepted(policy: PresentedPolicy) -> str:
    """The outcome of a decoded policy: which fields it has.

    AssertionError if it has none by which a policy is found, shows what is personal, or holds what
    would steer a screen or terminal.
    """
    shown = policy_to_json(policy)
    numbers = [shown[name] for name in _NUMBERS if shown[name]]
    assert numbers, "a policy without any number"
    assert not any(number in repr(policy) for number in numbers), "a number in the representation"
    texts = [value for value in shown.values() if isinstance(value, str)]
    assert not any(_steers(text) for text in texts), "a control character in a field"
    filled = " ".join(name for name, value in shown.items() if value)
    ranges = len(policy.signature.ranges) if policy.signature else 0
    return f"decoded:{filled} {ranges} {policy.photo.mime if policy.photo else ''}"


def tried(decode: Callable[[], PresentedPolicy]) -> str:
    """The outcome of a decoder that is one of several for the same input."""
    try:
        return accepted(decode())
    except FormatError as error:
        if not is_plain(error):
            raise AssertionError("words that do not fit a log") from error
        return refusal(error)


def _steers(text: str) -> bool:
    return any(
        unicodedata.category(character) in {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
        for character in text
    )


def _chip_seeds() -> list[Parts]:
    seeds: list[Parts] = []
    for index, one in enumerate(PEOPLE):
        photo = silhouette() if index % 3 == 0 else None
        holder = holder_file(one, photo=photo, snils=index % 2 == 0)
        insurer = insurer_file(one, end=one.expiry_date)
        seeds.append((WHOLE, holder, insurer))
        if photo is not None:
            # As the driver reads first: the photo and the signature not yet there.
            seeds.append((CUT, holder[: len(holder) - len(photo) // 2], insurer[:-300]))
    seeds.append((WHOLE, holder_file(person("plain_man"), photo=silhouette(12_000)), b""))
    return seeds


def _chip(parts: Parts) -> str:
    mode, holder, insurer = parts
    complete = mode[:1] != CUT
    return accepted(decode_chip(holder, insurer or None, complete=complete))


def _barcode_seeds() -> list[Parts]:
    return [
        (encode(one, kind=kind, patronymic_separator=separator),)
        for one in PEOPLE
        for kind, separator in ((1, True), (2, True), (2, False))
        if (one.slug, kind) != ("full_68", 1)
    ]


def _barcode(parts: Parts) -> str:
    return accepted(decode_barcode(parts[0]))


def _text_seeds() -> list[Parts]:
    texts = [
        *("", "11 digits: 00123456789", "4000 0000 0000 0002", "https://example.invalid/?p=%20"),
        *("123 456 789", "112-233-445 95", "4512 100002", "II-АК № 123456", "АБВ № 1234567"),
        "A;;ОРЛОВ;ПЁТР;ИЛЬИЧ;05.03.1984;;АБ;1234567;;;;;01.02.2009;;",
        "A;1;ОРЛОВ;ПЁТР;;05.03.1984;АБ-12 № 1234567;;;;;;;;;",
        encode_internal(person("plain_man")),
    ]
    for one in PEOPLE:
        groups = " ".join(one.enp[at : at + 4] for at in range(0, 16, 4))
        texts += [
            one.enp,
            groups,
            f"https://example.invalid/p?enp={one.enp}&d={one.birth_date:%d.%m.%Y}",
            f"Полис ОМС № {groups}, {one.surname} {one.given_name}".replace(" ", "\u00a0"),
        ]
    return [(text,) for text in (*map(str.encode, texts), texts[-1].encode("cp1251", "replace"))]


def _text(parts: Parts) -> str:
    """A text as scanned (bytes), as a string, and as if it had been typed into each field."""
    data = parts[0]
    text = data.decode("utf-8", errors="surrogateescape")
    scanned = tried(lambda: decode_text(data))
    kinds = [tried(lambda: decode_text(text))]
    kinds += [tried(lambda: decode(text)) for decode in _TYPED]  # noqa: B023  called at once
    kinds.append(tried(lambda: typed_snils(text, _BORN)))
    return f"{scanned} {' '.join(kind.partition(':')[0] for kind in kinds)}"


def _mrz_seeds() -> list[Parts]:
    grown_up = [one for one in PEOPLE if one.birth_date.year < 2010]
    texts = [encode_internal(one) for one in grown_up]
    texts += [encode_foreign(one) for one in PEOPLE]
    texts += [
        encode_foreign(PEOPLE[0], personal_number="12345678", line_end=end)
        for end in ("", "\n", "\r")
    ]
    return [(text.encode(),) for text in texts]


def _mrz(parts: Parts) -> str:
    text = parts[0].decode("utf-8", errors="surrogateescape")
    scanned = tried(lambda: decode_text(text)).partition(":")[0]
    return f"{tried(lambda: decode_mrz(text))} {scanned}"


TARGETS: Final = {
    target.name: target
    for target in (
        Target("chip", _chip_seeds, _chip, (*BYTES, *[change_tree] * 3 * len(BYTES))),
        Target("barcode", _barcode_seeds, _barcode, (*SAME_SIZE, *SAME_SIZE, *BYTES)),
        Target("mrz", _mrz_seeds, _mrz, (*BYTES, *TEXT, *PASSPORT * 8)),
        Target("text", _text_seeds, _text, (*BYTES, *TEXT, *TEXT)),
        Target(
            "certificate",
            certificate_seeds,
            verify_certificate,
            (*BYTES, *[change_tree] * 2 * len(BYTES)),
            Limits(cpu_seconds=1.0, wall_seconds=3.0, peak_bytes=4 * MIB),
        ),
    )
}
