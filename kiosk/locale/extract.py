# ruff: noqa: INP001  # the folder holds data; this file is not shipped
"""Finds every key that the code asks a catalogue for, those made from codes included.

`python -m kiosk.locale.extract` names the keys that a language lacks, adds them to its catalogue
with no sentence, and names those that nobody asks for. Ends with 1 if there were any.
"""

from __future__ import annotations

import ast
import re
import sys
from itertools import product
from typing import TYPE_CHECKING, Final, NamedTuple

from babel.messages.pofile import read_po

from drivers.events import Device
from kiosk.catalogue import LANGUAGES
from kiosk.clinic.words import CHECKS
from kiosk.comparison import Outcome
from kiosk.keypad import DOCUMENTS, Kind, Remark
from kiosk.locale.build import HERE
from kiosk.online.fund import FundMode
from kiosk.policy.model import Source
from kiosk.presenter import TIPS
from kiosk.reasons import CouldNotCheckReason, NextStep, Note, NotInsuredReason, StaffStep
from kiosk.stick_watch import StickStage
from offline_cache.format import Status

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from babel.messages.catalog import Catalog

ASKED_BY: Final = frozenset({"say", "text", "plural", "text_or_empty"})
"""Functions whose first argument is a key."""
_KEY: Final = re.compile(r"[a-z_]+(\.[a-z0-9_]+)+")
_REASONS: Final = ("insured", *NotInsuredReason, *CouldNotCheckReason)
_ANY: Final = "*"

FAMILIES: Final[dict[str, Collection[str]]] = {
    "*.title": ("busy.card", "busy.code", "busy.check"),
    "*.text": ("busy.card", "busy.code", "busy.check"),
    "check.*.*": tuple(f"{name}.{outcome}" for name, outcome in product(CHECKS, Outcome)),
    "choose.*": DOCUMENTS,
    "choose.*.detail": DOCUMENTS,
    "footer.network.*": (*(mode.name.lower() for mode in FundMode), "asking"),
    "idle.*": ("card", "code", "number"),
    "idle.*.lost": ("card", "code"),
    "idle.text.*": ("both", "card", "code"),
    "keypad.*.text": (*Kind, "birth"),
    "keypad.*.title": (*Kind, "birth"),
    "keypad.remark.*": tuple(one for one in Remark if one is not Remark.NOTHING),
    "language.*": LANGUAGES,
    "next.*": tuple(NextStep),
    "note.*": tuple(Note),
    "note.*.public": tuple(Note),
    "paused.next.*": (*Device, "both", "none"),
    "reason.*.detail": (*NotInsuredReason, *CouldNotCheckReason),
    "reason.*.headline": _REASONS,
    "reason.*.registrar": _REASONS,
    "reason.*.registrar_headline": _REASONS,
    "registrar.*": (
        *("insurer", "territory", "valid", "clinic", "status"),
        *("temporary_certificate", "old_policy", "snils", "identity_document"),
    ),
    "registrar.document.*": tuple(Source),
    "service.device.*": tuple(device.value for device in Device),
    "status.*": tuple(status.value for status in Status),
    "step.*": tuple(StaffStep),
    "stick.*": tuple(StickStage),
    "tip.*": tuple(map(str, range(1, TIPS + 1))),
}
"""Keys that are made from codes, and from which ones: `*` stands for a code."""


class Keys(NamedTuple):
    """What the code asks for."""

    needed: frozenset[str]
    """A frame fails without one of these."""
    allowed: frozenset[str]
    """Some of these may be left out, such as the remark on a check that is not told."""
    unknown: frozenset[str]
    """Patterns that `FAMILIES` does not know, with the module that has them."""


class _Asked(NamedTuple):
    pattern: str
    optional: bool


def keys_in_code() -> Keys:
    """Read every module that has to do with catalogues."""
    made = {
        pattern: {_filled(pattern, code) for code in codes} for pattern, codes in FAMILIES.items()
    }
    needed: set[str] = set()
    allowed: set[str] = set()
    unknown: set[str] = set()
    for path in sorted(HERE.parent.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "catalogue" not in text.lower() or path.parent == HERE or path.parent.name == "demo":
            continue
        tree = ast.parse(text)
        for pattern, optional in _asked(tree):
            if pattern in made:
                (allowed if optional else needed).update(made[pattern])
            elif _ANY in pattern:
                unknown.add(f"{path.name}: {pattern}")
            else:
                (allowed if optional else needed).add(pattern)
        # Keys on their way: in tables, in conditions, returned from functions.
        allowed |= {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and _KEY.fullmatch(node.value)
        }
    return Keys(frozenset(needed), frozenset(allowed | needed), frozenset(unknown))


def _asked(tree: ast.AST) -> Iterator[_Asked]:
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and call.args:
            name = getattr(call.func, "attr", None) or getattr(call.func, "id", None)
            if name in ASKED_BY:
                for pattern in _patterns(call.args[0]):
                    yield _Asked(pattern, optional=name == "text_or_empty")


def _patterns(expression: ast.expr) -> Iterator[str]:
    """A key, or its pattern, or both of a condition; nothing of a name: its value is elsewhere."""
    match expression:
        case ast.Constant(value=str(key)):
            yield key
        case ast.JoinedStr(values=parts):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else _ANY for part in parts
            )
        case ast.IfExp(body=one, orelse=other):
            yield from _patterns(one)
            yield from _patterns(other)


def _filled(pattern: str, codes: str) -> str:
    """`check.*.*` and `person.fail` to `check.person.fail`; a code alone fills one star."""
    if pattern.count(_ANY) == 1:
        return pattern.replace(_ANY, codes)
    for code in codes.split("."):
        pattern = pattern.replace(_ANY, code, 1)
    return pattern


def catalogue_of(language: str) -> Catalog:
    """The catalogue of a language as translators edit it."""
    with (HERE / language / "LC_MESSAGES" / "kiosk.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def sentences_of(language: str) -> dict[str, tuple[str, ...]]:
    """By key the sentence of a language, in each of its forms where it speaks of a number."""
    found = {}
    for message in catalogue_of(language):
        if message.id:
            key = message.id if isinstance(message.id, str) else message.id[0]
            said = message.string or ""
            found[key] = (said,) if isinstance(said, str) else tuple(said)
    return found


def main() -> int:
    """Compare all languages with the code; returns the exit code."""
    asked = keys_in_code()
    russian = set(sentences_of("ru"))
    lines = [f"no family for {pattern}" for pattern in sorted(asked.unknown)]
    for language in LANGUAGES:
        known = set(sentences_of(language))
        lacking = sorted((asked.needed | (asked.allowed & russian)) - known)
        path = HERE / language / "LC_MESSAGES" / "kiosk.po"
        with path.open("a", encoding="utf-8") as file:
            file.writelines(f'\nmsgid "{key}"\nmsgstr ""\n' for key in lacking)
        lines += [f"{language}: added without a sentence: {key}" for key in lacking]
        lines += [f"{language}: nobody asks for {key}" for key in sorted(known - asked.allowed)]
    print("\n".join(lines) or "every key has its sentences")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
