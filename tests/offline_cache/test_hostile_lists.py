"""Lists that a thief of the `register` key signs: held to limits, and no harm that lasts.

That key makes lists, so that its thief can make a wrong one until the fund changes it. He still
cannot take a kiosk's memory, time or disk, nor the way back to the fund's lists.
"""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from offline_cache.columns import Columns, References
from offline_cache.format import Insurer, Status
from offline_cache.manifest import EndState, to_bytes
from offline_cache.updater import Result
from offline_cache.wire import MAGIC, Header, encode_block, encode_header
from tests.offline_cache.fund import Fund, golden
from tests.offline_cache.samples import write_rows
from tests.offline_cache.sieges import Siege, limits, new_siege, places, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kiosk.demo.certificates import Certificates

_TABLES = References((Insurer("1027700000000", "45000"),), ())


@pytest.fixture(scope="module", name="model")
def _model(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Siege]:
    with serving(new_siege(tmp_path_factory.mktemp("model"), certificates)) as siege:
        yield siege


@dataclass(frozen=True)
class Theft:
    """What a thief signs in the fund's name, and what comes of it."""

    name: str
    sign: Callable[[Fund], object]
    words: str
    result: Result = Result.REFUSED


def _manifest(change: Callable[[dict[str, Any]], object]) -> Callable[[Fund], None]:
    """A signed manifest with something wrong in it."""

    def sign(thief: Fund) -> None:
        thief.change({1: Status.DEATH})
        document = json.loads(to_bytes(thief.manifest))
        change(document)
        thief.publish(json.dumps(document).encode())

    return sign


def _content(content: bytes) -> Callable[[Fund], None]:
    return lambda thief: thief.publish(content)


def _base(content: bytes, state: EndState) -> Callable[[Fund], None]:
    """A signed base of these bytes, with no other way."""

    def sign(thief: Fund) -> None:
        thief.serial += 1
        thief.deltas = []
        thief.bases = {thief.serial: state}
        thief.put(f"register/base-{thief.serial}", content)
        thief.publish()

    return sign


def _delta(content: bytes) -> Callable[[Fund], None]:
    """A signed delta of these bytes, with no other way."""
    return lambda thief: thief.change({1: Status.DEATH}, content=content)


def _other_rows(thief: Fund) -> None:
    path, _ = write_rows(thief.folder / "rows", {5: Status.DEATH})
    thief.change({1: Status.DEATH}, content=path.read_bytes())


def _rows_file(text: bytes, blocks: bytes = b"") -> bytes:
    packed = zlib.compress(text, 9)
    return MAGIC + struct.pack("<I", len(packed)) + packed + blocks


def _head(rows: int, insurers: bytes) -> bytes:
    return b'{"rows":%d,"digest":"%064d","clinics":[],"insurers":%b}' % (rows, 0, insurers)


def _block(rows: int, first: int) -> bytes:
    gaps = bytes(8) + struct.pack("<Q", 1) * (rows - 1)
    columns = (gaps, bytes(rows), bytes(rows), bytes(2 * rows), *(bytes(4 * rows),) * 4)
    return encode_block(Columns(first, *columns))


def _swollen(rows: int, blocks: int, announced: int) -> bytes:
    """Rows by the million out of a few bytes."""
    body = b"".join(_block(rows, 1 + place * rows) for place in range(blocks))
    return encode_header(Header(announced, 0, _TABLES)) + body


def _wrong_counts(by: int, digest: int) -> Callable[[Fund], None]:
    def sign(thief: Fund) -> None:
        path, state = write_rows(thief.folder / "rows", thief.rows)
        wrong = EndState(state.rows + by, state.digest ^ digest)
        _base(path.read_bytes(), wrong)(thief)

    return sign


def _golden(thief: Fund) -> None:
    thief.golden = (*thief.golden, golden(999, Status.CONFIRMED))
    thief.change({1: Status.DEATH})


def _without_golden(thief: Fund) -> None:
    thief.change({159: None, 158: None})


def _older_list(thief: Fund) -> None:
    """The same keys, the list before: versions grow, and the serial falls."""
    thief.serial = 2
    thief.deltas = thief.deltas[:1]
    thief.publish()


def _from_the_future(thief: Fund) -> None:
    thief.serial = 20_000
    thief.add_base(20_000)
    thief.publish()


def _huge_target(thief: Fund) -> None:
    thief.deltas, thief.serial = [], 4
    thief.bases = {4: EndState(2**32, 1)}
    thief.put("register/base-4", b"x")
    thief.metadata["register"].signed.targets["register/base-4"].length = 2**39
    thief.publish()


def _set(name: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda document: document.__setitem__(name, value)


def _later_base(document: dict[str, Any]) -> None:
    document["base"]["as_of"] = "2999-01-01T00:00:00+00:00"


_LISTS = [
    Theft("an older list, signed anew", _older_list, "list 2, and list 3 has been"),
    Theft("a list from the future", _from_the_future, "the clock is wrong"),
    Theft("a base from the future", _manifest(_later_base), "of another time than its list"),
    Theft(
        "a next list in the year 9999",
        _manifest(_set("next_expected", "9999-12-31T23:59:00+00:00")),
        "not a description",
    ),
    Theft(
        "a list of the year 1",
        _manifest(_set("as_of", "0001-01-01T00:00:00+00:00")),
        "not a description",
    ),
    Theft("a manifest that is deep", _content(b"[" * 200_000), "not a description"),
    Theft(
        "a manifest that is wide", _content(b"[" + b"[]," * 80_000 + b"[]]"), "not a description"
    ),
    Theft("a manifest of one number", _content(b"9" * 200_000), "not a description"),
    Theft("a manifest that is no text", _content(b"\xff" * 1000), "not a description"),
    Theft("a manifest that is too long", _content(b" " * 300_000), "absurd length"),
    Theft("a serial without end", _manifest(_set("serial", 10**400)), "not a description"),
    Theft("deltas without end", _manifest(_set("deltas", [{}] * 300)), "not a description"),
    Theft("a base with a row too many", _wrong_counts(1, 0), "not those that were signed"),
    Theft("a base with a row too few", _wrong_counts(-1, 0), "more rows than were signed"),
    Theft("a base of another digest", _wrong_counts(0, 1), "not those that were signed"),
    Theft("a base without rows", _base(b"", EndState(5, 5)), "cut short"),
    Theft("a delta that leads elsewhere", _other_rows, "do not lead to the list"),
    Theft("a golden policy too many", _golden, "is not found"),
    Theft("a list without its golden policies", _without_golden, "is not found"),
    Theft(
        "a header that swells",
        _base(_rows_file(_head(1, b"[" + b"[]," * 5_000_000 + b"[]]")), EndState(1, 0)),
        "header is too large",
    ),
    Theft(
        "a header just within its limit",
        _base(_rows_file(_head(1, b"[" + b"[]," * 690_000 + b"[]]")), EndState(1, 0)),
        "header cannot be read",
    ),
    Theft(
        "a deep header",
        _base(_rows_file(_head(1, b"[" * 1_000_000)), EndState(1, 0)),
        "header cannot be read",
    ),
    Theft(
        "a block of a million rows",
        _base(_swollen(2**20, 1, 2**20), EndState(2**20, 0)),
        "a block of 1048576 rows",
    ),
    Theft(
        "more rows than bytes",
        _base(_swollen(2**16, 40, 2**22), EndState(2**22, 0)),
        "more rows than bytes",
    ),
    Theft(
        "more rows than were signed",
        _base(_swollen(100, 40, 2**32 - 1), EndState(160, 0)),
        "more rows than were signed",
    ),
    Theft("a delta that swells", _delta(_swollen(2**16, 40, 2**32 - 1)), "more rows than"),
    Theft("a list for a disk that nobody has", _huge_target, "MB are free", Result.FAILED),
]


@pytest.mark.parametrize("way", ["https", "folder"])
@pytest.mark.parametrize("theft", [pytest.param(each, id=each.name) for each in _LISTS])
def test_a_list_that_a_thief_signs_is_held_to_limits(siege: Siege, theft: Theft, way: str) -> None:
    before = siege.files()
    thief = siege.thief()
    theft.sign(thief)
    with places(siege, thief.folder, way) as place, limits():
        outcome = siege.update(place)
    assert outcome.result is theft.result, outcome
    assert theft.words in str(outcome.error)
    assert "\n" not in str(outcome.error)
    assert siege.files() == before
    assert siege.list_in_use() == 3
    siege.outrun()
    with places(siege, siege.fund.folder, way) as place:
        siege.recovers(place)
