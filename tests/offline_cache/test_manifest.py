"""The signed description of a list: what is written is read, and nothing else."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offline_cache import manifest
from offline_cache.errors import ManifestError
from offline_cache.format import KeyKind, Status
from offline_cache.freshness import FreshnessLimits
from offline_cache.manifest import (
    BaseInfo,
    DeltaInfo,
    EndState,
    GoldenPolicy,
    Manifest,
    from_bytes,
    to_bytes,
)

_AS_OF = datetime(2026, 11, 20, 5, tzinfo=UTC)
SAMPLE = Manifest(
    serial=12,
    as_of=_AS_OF,
    next_expected=_AS_OF + timedelta(days=1),
    territories=("47", "78"),
    kinds=(KeyKind.ENP, KeyKind.OLD_POLICY),
    base=BaseInfo(10, _AS_OF - timedelta(days=2), EndState(1000, 2**255 + 7)),
    deltas=tuple(DeltaInfo(n, n + 1, EndState(n, n)) for n in range(8, 12)),
    overlays={10: EndState(21, 5), 8: EndState(38, 6)},
    freshness=FreshnessLimits(timedelta(hours=36), timedelta(days=4), timedelta(days=20)),
    golden=(
        GoldenPolicy(
            "7848995644000010", "КОНТРОЛЬНЫЙ", "ПОЛИС", "", date(1900, 1, 1), Status.CONFIRMED
        ),
    ),
)


def test_what_is_written_is_read() -> None:
    assert from_bytes(to_bytes(SAMPLE)) == SAMPLE
    assert to_bytes(from_bytes(to_bytes(SAMPLE))) == to_bytes(SAMPLE)
    assert (SAMPLE.base.target, SAMPLE.deltas[0].target) == (
        "register/base-10",
        "register/delta-8-9",
    )


@pytest.mark.parametrize(
    ("before", "targets"),
    [
        pytest.param(12, [], id="current"),
        pytest.param(11, ["register/delta-11-12"], id="one"),
        pytest.param(10, ["register/delta-10-11", "register/delta-11-12"], id="two"),
        pytest.param(7, None, id="before-the-window"),
        pytest.param(13, None, id="newer"),
    ],
)
def test_the_chain_of_deltas(before: int, targets: list[str] | None) -> None:
    chain = SAMPLE.chain(before)
    assert (None if chain is None else [delta.target for delta in chain]) == targets


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param(("format",), 2, id="newer-format"),
        pytest.param(("serial",), 13, id="no-delta-to-it"),
        pytest.param(("serial",), -1, id="negative"),
        pytest.param(("serial",), "12", id="text"),
        pytest.param(("serial",), True, id="truth"),
        pytest.param(("as_of",), "2026-11-20T05:00:00+03:00", id="local-time"),
        pytest.param(("as_of",), None, id="no-time"),
        pytest.param(("territories",), ["7"], id="territory"),
        pytest.param(("territories",), ["78"] * 257, id="too-many"),
        pytest.param(("kinds",), ["phone"], id="kind"),
        pytest.param(("base", "digest"), "0" * 63, id="digest"),
        pytest.param(("base", "rows"), 2**40, id="rows"),
        pytest.param(("base", "serial"), 20, id="base-ahead"),
        pytest.param(("deltas", 0, "to"), 8, id="delta-in-place"),
        pytest.param(("deltas",), [], id="gap"),
        pytest.param(("freshness", "fresh"), 10**6, id="grades"),
        pytest.param(("golden", 0, "status"), "X", id="status"),
        pytest.param(("golden", 0, "surname"), "Я" * 101, id="long"),
        pytest.param(("golden", 0, "birth_date"), "1900-02-30", id="date"),
    ],
)
def test_what_cannot_be_is_refused(path: tuple[Any, ...], value: object) -> None:
    document: Any = json.loads(to_bytes(SAMPLE))
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    with pytest.raises(ManifestError):
        from_bytes(json.dumps(document).encode())


@given(content=st.binary(max_size=200))
def test_rubbish_is_refused(content: bytes) -> None:
    with pytest.raises(ManifestError):
        from_bytes(content)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"[" * 100_000, id="nested"),
        pytest.param(b'{"a":' * 50_000, id="nested-objects"),
        pytest.param(b" " * (manifest.MAX_MANIFEST_BYTES + 1), id="large"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"format": 1}', id="empty"),
    ],
)
def test_bombs_are_refused(content: bytes) -> None:
    with pytest.raises(ManifestError):
        from_bytes(content)
