"""What takes bytes from outside: seeds of each, and what may come out.

An outcome in words begins with what is counted; behind a colon stands what tells inputs apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kiosk.demo.encode_barcode import encode
from kiosk.demo.encode_chip import holder_file, insurer_file
from kiosk.demo.people import PEOPLE, person
from kiosk.demo.silhouette import silhouette
from kiosk.policy.as_json import policy_to_json
from kiosk.policy.barcode import decode_barcode
from kiosk.policy.chip import decode_chip
from kiosk.policy.digital import decode_text
from tests.fuzz.certificates import certificate_seeds, verify_certificate
from tests.fuzz.engine import MIB, Limits, Target
from tests.fuzz.mutate import BYTES, SAME_SIZE, Parts
from tests.fuzz.text import TEXT
from tests.fuzz.tlv_tree import change_tree

if TYPE_CHECKING:
    from kiosk.policy.model import PresentedPolicy

WHOLE: Final = b"\0"
CUT: Final = b"\1"
"""First part of a chip's input: whether its files may end inside photo and signature."""


def accepted(policy: PresentedPolicy) -> str:
    """The outcome of a decoded policy: which fields it has.

    AssertionError if it has none by which a policy is found, or shows what is personal.
    """
    shown = policy_to_json(policy)
    numbers = ("enp", "temporary_certificate", "old_policy", "snils", "identity_document")
    assert any(shown[name] for name in numbers), "a policy without any number"
    assert not policy.enp or policy.enp not in repr(policy), "a number in the representation"
    filled = " ".join(name for name, value in shown.items() if value)
    ranges = len(policy.signature.ranges) if policy.signature else 0
    return f"decoded:{filled} {ranges} {policy.photo.mime if policy.photo else ''}"


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
    texts = ["", "11 digits: 00123456789", "4000 0000 0000 0002", "https://example.invalid/?p=%20"]
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
    """As scanned (bytes) and as a caller with a string hands it over: the two agree or refuse."""
    found = accepted(decode_text(parts[0]))
    decode_text(parts[0].decode("utf-8", errors="surrogateescape"))
    return found


TARGETS: Final = {
    target.name: target
    for target in (
        Target("chip", _chip_seeds, _chip, (*BYTES, *[change_tree] * 3 * len(BYTES))),
        Target("barcode", _barcode_seeds, _barcode, (*SAME_SIZE, *SAME_SIZE, *BYTES)),
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
