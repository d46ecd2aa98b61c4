"""A list that moved too far is published with a second signature, or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from offline_cache.errors import OfficeError, TrustError
from offline_cache.format import PolicyType, Status
from offline_cache.publisher.gates import GateError, approve, compare_lists, figures_of
from offline_cache.publisher.lists import ListDescription, OfficeLists
from offline_cache.publisher.metadata import Published
from offline_cache.publisher.office import Office
from offline_cache.publisher.rotation import rotate_key
from offline_cache.publisher.signing import KeyNotAtHandError, KeyRing
from tests.offline_cache.offices import AS_OF, Client, add_list, do_publish, entries, make_office

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(name="office")
def _office(tmp_path: Path) -> Office:
    office = make_office(tmp_path / "office")
    add_list(office, 1, entries(100))
    do_publish(office)
    return office


def approval(office: Office, out: Path, serial: int | None = None) -> Path:
    """Sign as the second person."""
    office = Office.open(office.folder)
    about, _ = figures_of(office, serial)
    approve(office, KeyRing(office), about, out)
    return out


def described(entries: int, statuses: dict[Status, int], **more: Any) -> ListDescription:
    """A list of which only counts matter."""
    return ListDescription(
        serial=1,
        as_of=AS_OF,
        next_expected=None,
        territories=(),
        kinds=(),
        rows=entries,
        entries=entries,
        digest=0,
        problems=0,
        statuses=statuses,
        **more,
    )


def test_figures() -> None:
    before = described(
        1000,
        {Status.CONFIRMED: 900, Status.ANNULLED: 100},
        policy_types={PolicyType.PAPER: 1000},
    )
    after = described(
        1050,
        {Status.CONFIRMED: 945, Status.ANNULLED: 63, Status.EXPIRED: 42},
        policy_types={PolicyType.PAPER: 990, PolicyType.DIGITAL: 60},
    )
    figures = {figure.name: figure for figure in compare_lists(before, after, 5.0)}
    assert list(figures) == [
        *("entries", "status ДПП", "status НАП", "status НСД"),
        *("policy type П", "policy type Ц"),
    ]
    moved = {name: round(figure.moved, 2) for name, figure in figures.items()}
    assert moved == {
        "entries": 5.0,
        "status ДПП": 0.0,
        "status НАП": 4.0,
        "status НСД": 4.0,
        "policy type П": 5.71,
        "policy type Ц": 5.71,
    }
    assert [name for name, figure in figures.items() if not figure.held] == [
        *("policy type П", "policy type Ц"),
    ]
    assert str(figures["entries"]) == "entries: 1,000 → 1,050, moved 5.00%, limit 5%"
    assert str(figures["policy type Ц"]) == (
        "policy type Ц: 0.00 % → 5.71 %, moved 5.71 points, limit 5 points: TOO FAR"
    )


def test_from_and_to_nothing() -> None:
    nothing, something = described(0, {}), described(10, {Status.CONFIRMED: 10})
    assert not compare_lists(nothing, something, 5.0)[0].held
    assert not compare_lists(something, nothing, 5.0)[0].held
    assert all(figure.held for figure in compare_lists(nothing, nothing, 5.0))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(entries(105), None, id="grown-within"),
        pytest.param(entries(95), None, id="shrunk-within"),
        pytest.param(entries(106), "entries: 100 → 106, moved 6.00%", id="grown"),
        pytest.param(entries(94), "entries: 100 → 94, moved 6.00%", id="shrunk"),
        pytest.param(
            entries(100, **{f"n{n}": Status.EXPIRED for n in range(1, 7)}),
            "status ДПП: 100.00 % → 94.00 %, moved 6.00 points",
            id="mix",
        ),
        pytest.param(
            entries(100, **{f"n{n}": Status.EXPIRED for n in range(1, 6)}), None, id="mix-within"
        ),
    ],
)
def test_what_is_let_through(
    office: Office, tmp_path: Path, content: dict[int, Status], words: str | None
) -> None:
    add_list(office, 2, content)
    client = Client(tmp_path / "client", office.repository)
    if words is None:
        outcome = do_publish(office)
        assert outcome.figures
        assert all(figure.held for figure in outcome.figures)
    else:
        with pytest.raises(GateError) as caught:
            do_publish(office)
        assert words in str(caught.value)
        assert "kiosk register approve" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert len(caught.value.figures) >= 3
    assert client.manifest(office.repository).serial == (2 if words is None else 1)


def test_a_refused_list_does_not_let_the_last_one_run_out(office: Office, tmp_path: Path) -> None:
    before = Published.load(office.repository).timestamp.version
    add_list(office, 2, entries(200))
    stick = tmp_path / "stick"
    stick.mkdir()
    with pytest.raises(GateError, match="list 1 stays published"):
        do_publish(office, stick=stick)
    assert Published.load(office.repository).timestamp.version > before
    assert list(stick.iterdir()) == []


def test_the_second_person_lets_it_through(office: Office, tmp_path: Path) -> None:
    add_list(office, 2, entries(200))
    client = Client(tmp_path / "client", office.repository)
    signed = approval(office, tmp_path / "approval.json")
    assert do_publish(office, approval=signed).new_list
    assert client.manifest(office.repository).serial == 2
    # An ordinary list goes its way after that.
    add_list(office, 3, entries(201))
    assert do_publish(office).serial == 3


def _changed(**values: Any) -> Callable[[bytes], bytes]:
    return lambda content: json.dumps({**json.loads(content), **values}).encode()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(_changed(serial=3), "another list", id="serial"),
        pytest.param(_changed(rows=201), "another list", id="rows"),
        pytest.param(_changed(digest="00"), "another list", id="digest"),
        pytest.param(_changed(kind="other"), "another list", id="kind"),
        pytest.param(_changed(signature="00" * 64), "signature is wrong", id="signature"),
        pytest.param(_changed(signature="zz"), "signature is wrong", id="no-hex"),
        pytest.param(_changed(signature=7), "not signed by an approver", id="number"),
        pytest.param(_changed(key_id="ab" * 32), "not signed by an approver", id="key"),
        pytest.param(_changed(key_id=["a"]), "not signed by an approver", id="key-list"),
        pytest.param(lambda _: b"[]", "not an approval", id="list"),
        pytest.param(lambda _: b"", "not an approval", id="empty"),
        pytest.param(lambda _: b"[" * 60_000, "not an approval", id="nested"),
        pytest.param(lambda _: b"\x00" * 100_000, "not an approval", id="zeros"),
    ],
)
def test_a_wrong_approval(
    office: Office, tmp_path: Path, change: Callable[[bytes], bytes], words: str
) -> None:
    add_list(office, 2, entries(200))
    signed = approval(office, tmp_path / "approval.json")
    signed.write_bytes(change(signed.read_bytes()))
    with pytest.raises(TrustError, match=words):
        do_publish(office, approval=signed)


def test_a_stale_approval(office: Office, tmp_path: Path) -> None:
    """It was given for a list of the same number that was built anew since."""
    add_list(office, 2, entries(200))
    signed = approval(office, tmp_path / "approval.json")
    add_list(office, 2, entries(201))
    with pytest.raises(TrustError, match="another list"):
        do_publish(office, approval=signed)


def test_a_foreign_approver(office: Office, tmp_path: Path) -> None:
    """Neither another office's key counts, nor one that was only written into office.json."""
    add_list(office, 2, entries(200))
    other = make_office(tmp_path / "other")
    about, _ = figures_of(office)
    signed = tmp_path / "approval.json"
    approve(other, KeyRing(other), about, signed)
    with pytest.raises(TrustError, match="not signed by an approver"):
        do_publish(office, approval=signed)
    document = json.loads((office.folder / "office.json").read_bytes())
    foreign = json.loads((other.folder / "office.json").read_bytes())
    document["keys"] += [key for key in foreign["keys"] if key["role"] == "approver"]
    (office.folder / "office.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(TrustError, match="not signed by an approver"):
        do_publish(office, approval=signed)


def test_an_approver_who_left(office: Office, tmp_path: Path) -> None:
    add_list(office, 2, entries(200))
    before = approval(office, tmp_path / "before.json")
    rotate_key(office, KeyRing(office), "approver")
    with pytest.raises(TrustError, match="not signed by an approver"):
        do_publish(office, approval=before)
    assert do_publish(office, approval=approval(office, tmp_path / "after.json")).serial == 2


def test_without_the_approvers_key(office: Office, tmp_path: Path) -> None:
    add_list(office, 2, entries(200))
    (office.folder / "keys" / "offline" / "approver.pem").unlink()
    with pytest.raises(KeyNotAtHandError, match="role approver"):
        approval(office, tmp_path / "approval.json")
    assert not (tmp_path / "approval.json").exists()


def test_when_the_last_list_is_gone(office: Office, tmp_path: Path) -> None:
    lists = OfficeLists(office.folder)
    lists.description_path(1).unlink()
    add_list(office, 2, entries(101))
    with pytest.raises(GateError, match="list 1, which is published, is gone"):
        do_publish(office)
    signed = approval(office, tmp_path / "approval.json")
    assert do_publish(office, approval=signed).serial == 2


def test_when_only_its_rows_are_gone(office: Office, tmp_path: Path) -> None:
    """The gates still hold; the new list goes out whole, since nothing leads to it."""
    OfficeLists(office.folder).rows_path(1).unlink()
    client = Client(tmp_path / "client", office.repository)
    add_list(office, 2, entries(101))
    assert "list 1 is gone" in str(do_publish(office).why_base)
    manifest = client.manifest(office.repository)
    assert (manifest.base.serial, manifest.deltas) == (2, ())


def test_nothing_to_approve(tmp_path: Path) -> None:
    office = make_office(tmp_path / "office")
    with pytest.raises(OfficeError, match="no list yet"):
        figures_of(office)
    with pytest.raises(OfficeError, match="there is no list 7"):
        figures_of(office, 7)


def test_the_limit_is_the_offices(office: Office) -> None:
    add_list(office, 2, entries(106))
    wider = Office(office.folder, replace(office.settings, gate_percent=10.0))
    _, figures = figures_of(wider)
    assert all(figure.held for figure in figures)
