"""Every finding says what to do, and nothing is said that no check finds."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from kiosk import doctor
from kiosk.doctor.finding import State, day_and_time, ok, trouble
from kiosk.doctor.remedies import FAILED, WARNING
from kiosk.logs import mask
from tests.offline_cache.samples import AS_OF

FOLDER = Path(doctor.__file__).parent
CODE = re.compile(r"[a-z]+(-[a-z]+)+")
NO_CODES = {"not-applicable"}


def strings() -> set[str]:
    """Strings of the package's code that look like codes."""
    found: set[str] = set()
    for path in FOLDER.glob("*.py"):
        if path.name == "remedies.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                # Codes of the board's: one word for both times.
                found |= {
                    f"{word}-{when}"
                    for word in ("undervoltage", "throttled")
                    for when in ("now", "before")
                }
    return {one for one in found if CODE.fullmatch(one)}


def codes_given() -> set[str]:
    """Literal codes in calls of `trouble`."""
    found: set[str] = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name("trouble"), args=[_, ast.Constant(str(code)), _]):
                    found.add(code)
    return found


@pytest.mark.parametrize(("code", "todo"), [*WARNING.items(), *FAILED.items()])
def test_each_code_has_a_sentence_to_follow(code: str, todo: str) -> None:
    assert CODE.fullmatch(code)
    assert todo[0].isupper()
    assert todo.endswith(".")
    assert "\n" not in todo
    assert len(todo.split()) >= 4
    assert mask(todo) == todo


def test_each_code_that_is_given_has_a_remedy() -> None:
    known = {*WARNING, *FAILED}
    assert codes_given() <= known
    assert len(codes_given()) > 40


def test_no_remedy_is_for_nothing() -> None:
    assert {*WARNING, *FAILED} <= strings()


def test_a_code_is_a_warning_or_a_failure() -> None:
    assert not WARNING.keys() & FAILED.keys()
    assert trouble("x", "fonts-other", "").state is State.WARNING
    assert trouble("x", "fonts-missing", "").state is State.FAILED


def test_what_is_found_is_one_masked_line() -> None:
    found = ok("x", "Иванов\nno. 7856 5108 4400 0012,\t0x8010006A, 31.12.1984").found
    assert found == "… no. #16, 0x8010006A, #date"
    assert len(ok("x", "y" * 5000).found) == 400


def test_our_own_dates_pass_the_mask() -> None:
    assert ok("x", day_and_time(AS_OF)).found == "31 Mar 2026 06:00 UTC"
