"""What is rightly signed and cannot be so, and deltas that cannot be read where a base can."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from offline_cache.assemble import How
from offline_cache.format import Status
from offline_cache.updater import Result
from tests.offline_cache.fund import golden, now
from tests.offline_cache.sieges import Siege, limits, places, sign_with

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from tests.offline_cache.fund import Fund


@dataclass(frozen=True)
class Claim:
    """What the next list is signed with."""

    name: str
    make: Callable[[Fund], object]
    words: str


_GONE = object()


def _issued(value: Callable[[datetime], object]) -> Callable[[Fund], None]:
    """Signed into the timestamp of list 4 as the time of issue; `value` is given the clock's."""

    def make(fund: Fund) -> None:
        fund.change({1: Status.DEATH})
        fields = fund.metadata["timestamp"].signed.unrecognized_fields
        fields["x-issued"] = value(now())
        if fields["x-issued"] is _GONE:
            del fields["x-issued"]
        fund.metadata["timestamp"].signed.version += 1
        sign_with(fund, "timestamp", "timestamp")

    return make


def _always(value: object) -> Callable[[datetime], object]:
    return lambda _: value


def _at(**away: float) -> Callable[[Fund], None]:
    return _issued(lambda at: f"{at + timedelta(**away):%Y-%m-%dT%H:%M:%SZ}")


def _golden(**wrong: object) -> Callable[[Fund], None]:
    def make(fund: Fund) -> None:
        fund.golden = (fund.golden[0], replace(fund.golden[1], **wrong))  # type: ignore[arg-type]
        fund.change({1: Status.DEATH})

    return make


_NO_TIME = "does not say when it was issued"
_NO_TIMES: list[object] = [
    *(None, 5, True, [], {}, "", "yesterday", "9" * 5000, "2026-13-01T00:00:00Z"),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"),
]

CLAIMS = [
    Claim("no time of issue", _issued(_always(_GONE)), _NO_TIME),
    *(
        Claim(f"issued {str(value)[:30]!r}", _issued(_always(value)), _NO_TIME)
        for value in _NO_TIMES
    ),
    Claim("issued in an hour", _at(hours=1), "the clock is wrong: it shows"),
    Claim("issued in the year 9999", _issued(_always("9999-12-31T23:59:59Z")), "the clock is"),
    Claim("issued an hour ago", _at(hours=-1), "older repository than this kiosk has seen: issued"),
    Claim("issued in the year 1", _issued(_always("0001-01-01T00:00:00Z")), "older repository"),
    Claim("issued an hour ago by another zone's clock",
          _issued(lambda at: f"{at:%Y-%m-%dT%H:%M:%S}+01:00"), "older repository than"),
    Claim("a golden policy of another status", _golden(status=Status.DEATH), "has another status"),
    Claim("a golden policy of another name", _golden(surname="Другая"), "is somebody else"),
    Claim("a golden policy of another day", _golden(birth_date=golden(1, Status.DEATH).birth_date
                                                    + timedelta(days=1)), "is somebody else"),
    Claim("a golden policy of no number", _golden(enp=""), "golden policy 2 of 2 "),
    Claim("a golden policy of odd digits", _golden(enp="٧" * 16), "golden policy 2 of 2 "),
    Claim("a golden policy that is a bomb", _golden(enp="9" * 100), "golden policy 2 of 2 "),
]  # fmt: skip


@pytest.mark.parametrize("way", ["https", "folder"])
@pytest.mark.parametrize("claim", [pytest.param(each, id=each.name) for each in CLAIMS])
def test_what_cannot_be_so_is_not_believed(siege: Siege, claim: Claim, way: str) -> None:
    before = siege.files()
    thief = siege.thief()
    claim.make(thief)
    with places(siege, thief.folder, way) as place, limits():
        outcome = siege.update(place)
    assert outcome.result is Result.REFUSED, outcome
    assert claim.words in str(outcome.error)
    assert str(outcome.error).isprintable()
    for person in siege.fund.golden:
        assert person.enp not in str(outcome.error)
    assert siege.files() == before
    assert siege.list_in_use() == 3
    siege.outrun()
    with places(siege, siege.fund.folder, way) as place:
        siege.recovers(place)


def test_a_signers_clock_may_run_a_little_ahead(siege: Siege) -> None:
    siege.fund.issued = now() + timedelta(minutes=5)
    siege.recovers()
    # What is signed next by a true clock waits for no longer than that.
    siege.fund.issued = None
    siege.publish()
    outcome = siege.update()
    assert "an older repository than this kiosk has seen: issued" in str(outcome.error)
    assert siege.list_in_use() == 4
    siege.fund.issued = now() + timedelta(minutes=5, seconds=1)
    siege.recovers()


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda path: path.symlink_to("/dev/zero"), id="link"),
        pytest.param(lambda path: path.mkdir(), id="folder"),
        pytest.param(os.mkfifo, id="pipe"),
        pytest.param(lambda _: None, id="missing"),
    ],
)
def test_a_delta_that_cannot_be_read_leaves_the_base(
    siege: Siege, spoil: Callable[[Path], object]
) -> None:
    siege.publish(base=True)
    stick = siege.copy("stick")
    delta = siege.fund.path_of("register/delta-3-4")
    path = stick / delta.relative_to(siege.fund.folder)
    path.unlink()
    spoil(path)
    outcome = siege.update(stick)
    assert (outcome.result, outcome.how, outcome.error) == (Result.UPDATED, How.BASE, None)
    assert siege.list_in_use() == 4
    siege.recovers()


def test_a_bad_sector_in_a_delta_leaves_the_base(
    siege: Siege, monkeypatch: pytest.MonkeyPatch
) -> None:
    siege.publish(base=True)
    delta = siege.fund.path_of("register/delta-3-4").stat().st_ino
    true, failed = os.pread, []

    def pread(descriptor: int, size: int, offset: int) -> bytes:
        # No file system here has bad sectors on order.
        if os.fstat(descriptor).st_ino == delta and offset >= 100:
            failed.append(offset)
            raise OSError(5, "Input/output error")
        return true(descriptor, min(size, 100), offset)

    with monkeypatch.context() as patched:
        patched.setattr(os, "pread", pread)
        outcome = siege.update()
    assert (outcome.result, outcome.how, outcome.error) == (Result.UPDATED, How.BASE, None)
    assert len(failed) > 1, "once more, in case it was a passing fault"
    assert siege.list_in_use() == 4
    siege.recovers()
