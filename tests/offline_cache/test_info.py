"""What `info` sees, and that it warns before anything runs out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from offline_cache.errors import OfficeError
from offline_cache.publisher.info import Info, as_json, inspect, lines
from tests.offline_cache.offices import AS_OF, add_list, do_publish, entries, make_office

if TYPE_CHECKING:
    from pathlib import Path

    from offline_cache.publisher.office import Office

HOUR = timedelta(hours=1)


@pytest.fixture(name="office")
def _office(tmp_path: Path) -> Office:
    office = make_office(tmp_path / "office")
    for serial in (1, 2):
        add_list(office, serial, entries(40 + serial))
        do_publish(office)
    return office


def look(folder: Path, after: timedelta = timedelta()) -> Info:
    """Inspect as it will be after a time."""
    return inspect(folder, datetime.now(UTC) + after)


def test_an_office(office: Office) -> None:
    add_list(office, 3, entries(43))
    info = look(office.folder)
    assert info.warnings == ()
    assert (info.entries, info.waiting, info.targets) == (42, 3, 3)
    told = "\n".join(lines(info))
    assert "list 2 as of 2026-03-31 08:00 UTC" in told
    assert "42 entries" in told
    assert "base 1 of 41 entries; kiosks on base 1 can go on" in told
    assert "1 deltas of 1 changes, from list 1 on" in told
    assert "list 3 is built and not published yet" in told
    assert "2 of 3: root-1 (" in told
    document = as_json(info)
    assert document["list"]["deltas"] == [[1, 2, 1]]
    assert document["list"]["age_seconds"] > 0
    assert {role["role"]: role["threshold"] for role in document["roles"]} == {
        "root": 2,
        "targets": 1,
        "register": 1,
        "reference": 1,
        "software": 2,
        "snapshot": 1,
        "timestamp": 1,
    }


def test_an_office_without_a_list(tmp_path: Path) -> None:
    office = make_office(tmp_path / "office")
    info = look(office.folder)
    assert info.manifest is None
    assert "no list is published yet" in next(lines(info))
    assert as_json(info)["list"] is None


def test_a_repository_and_a_stick(office: Office, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    do_publish(office, stick=stick)
    for place in (office.repository, stick, stick / "oms-register"):
        info = look(place)
        assert info.manifest is not None
        assert (info.manifest.serial, info.entries, info.waiting) == (2, None, None)
        assert info.warnings == ()
    # A stick lives for two weeks, so that 72 and 24 hours are its marks.
    assert look(stick, timedelta(days=11, hours=-1)).warnings == ()
    assert "timestamp expires, in 71 h" in look(stick, timedelta(days=11, hours=1)).warnings[0]


@pytest.mark.parametrize(
    ("after", "words"),
    [
        pytest.param(11 * HOUR, None, id="timestamp-well"),
        pytest.param(13 * HOUR, "role timestamp expires, in 11 h", id="timestamp-half"),
        pytest.param(19 * HOUR, "role timestamp expires SOON, in 5 h", id="timestamp-quarter"),
        pytest.param(30 * HOUR, "role timestamp has EXPIRED 6 h ago", id="timestamp-gone"),
    ],
)
def test_short_lives_are_warned_of_by_their_share(
    office: Office, after: timedelta, words: str | None
) -> None:
    warnings = look(office.folder, after).warnings
    assert (words is None and not warnings) or warnings[0].startswith(str(words))


@pytest.mark.parametrize("place", ["office", "repository"])
def test_long_lives_72_and_24_hours_before(office: Office, place: str) -> None:
    folder = office.folder if place == "office" else office.repository

    def said(after: timedelta) -> list[str]:
        return [text for text in look(folder, after).warnings if "role register" in text]

    life = timedelta(days=30)
    assert said(life - 73 * HOUR) == []
    assert "expires, in 71 h" in said(life - 71 * HOUR)[0]
    assert "expires SOON, in 23 h" in said(life - 23 * HOUR)[0]
    assert "has EXPIRED 1 h ago" in said(life + HOUR)[0]
    assert [
        text
        for text in look(folder, 180 * timedelta(days=1) - 70 * HOUR).warnings
        if "role targets expires, in" in text
    ]


def test_what_kiosks_would_refuse_is_warned_of(office: Office) -> None:
    (base,) = (office.repository / "targets" / "register").glob("*.base-1")
    base.write_bytes(b"")
    assert "not as long as it was signed for" in look(office.folder).warnings[0]
    base.unlink()
    assert "No such file" in look(office.folder).warnings[0]
    (register,) = (office.repository / "metadata").glob("3.register.json")
    register.write_bytes(register.read_bytes().replace(b'"version":3', b'"version":4'))
    words = "\n".join(look(office.folder).warnings)
    assert "role register: register was signed by 0/1 keys" in words
    assert "role register: not the file that was signed for" in words


def test_what_is_none_of_them(tmp_path: Path) -> None:
    with pytest.raises(OfficeError, match="neither an office nor a repository nor a stick"):
        look(tmp_path)
    (tmp_path / "metadata").mkdir()
    with pytest.raises(OfficeError, match="not a repository"):
        look(tmp_path)


def test_a_list_that_does_not_come_is_warned_of(office: Office) -> None:
    expected = datetime.now(UTC).replace(microsecond=0) + HOUR
    add_list(office, 3, entries(43), next_expected=expected)
    do_publish(office)
    assert look(office.folder).warnings == ()
    assert "next list expected" in "".join(lines(look(office.folder)))
    (warning,) = look(office.folder, 5 * HOUR).warnings
    assert warning == "list 3: the next one was expected 4 h ago"


def test_as_of_is_the_lists(office: Office) -> None:
    info = inspect(office.folder, AS_OF + 50 * HOUR)
    assert "48 h old" in next(lines(info))
