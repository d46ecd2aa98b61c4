"""A publisher's office and two kiosks, one on the network and one on sticks, over years of keys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kiosk.demo.certificates import make_certificates
from kiosk.demo.fund_server import FundServer
from offline_cache.assemble import How
from offline_cache.format import Status
from offline_cache.publisher.office import Office
from offline_cache.publisher.rotation import ROLES, rotate_key
from offline_cache.publisher.signing import KeyRing
from offline_cache.register import Register
from offline_cache.updater import Result, UpdateSettings, update
from tests.offline_cache.offices import add_list, do_publish, entries, make_office
from tests.offline_cache.samples import KEY

if TYPE_CHECKING:
    from pathlib import Path

    from offline_cache.updater import UpdateOutcome

ROWS = 40


@pytest.fixture(name="office")
def _office(tmp_path: Path) -> Office:
    office = make_office(tmp_path / "office")
    add_list(office, 1, entries(ROWS))
    do_publish(office)
    return office


@pytest.fixture(name="kiosk")
def _kiosk(office: Office, tmp_path: Path) -> UpdateSettings:
    (tmp_path / "register.key").write_bytes(bytes(range(32)).hex().encode())
    (tmp_path / "root.json").write_bytes(
        (office.repository / "metadata" / "1.root.json").read_bytes()
    )
    return UpdateSettings(
        tmp_path / "kiosk", tmp_path / "register.key", tmp_path / "root.json", office.repository
    )


def taken(settings: UpdateSettings, serial: int) -> UpdateOutcome:
    outcome = update(settings)
    assert outcome.error is None
    assert outcome.serial == serial
    with Register.open(settings.register, KEY) as register:
        assert register.serial == serial
    return outcome


def test_two_kiosks_show_the_same_list(
    office: Office, kiosk: UpdateSettings, tmp_path: Path
) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    certificates = make_certificates(tmp_path / "certificates")
    with FundServer(office.repository, certificates) as server:
        online = replace(
            kiosk, register=tmp_path / "one", place=server.url, ca_file=certificates.ca
        )
        by_stick = replace(kiosk, register=tmp_path / "two", place=stick)
        for serial in range(1, 5):
            if serial > 1:
                add_list(office, serial, entries(ROWS, **{f"n{serial}": Status.DEATH}))
            do_publish(office, stick=stick)
            outcomes = [taken(each, serial) for each in (online, by_stick)]
            assert {each.how for each in outcomes} == {How.BASE if serial == 1 else How.DELTAS}
        # The kiosk of the sticks may go over to the server at once; back, with the next stick: the
        # server's timestamp is newer than the one that was signed for the stick before it.
        gone_over = replace(by_stick, place=server.url, ca_file=certificates.ca)
        assert taken(gone_over, 4).result is Result.CURRENT
        refused = update(by_stick)
        assert (refused.result, refused.serial) == (Result.REFUSED, 4)
        assert "is older than what this kiosk has seen" in str(refused.error)
        do_publish(office, stick=stick)
        assert taken(by_stick, 4).result is Result.CURRENT
        with Register.open(online.register, KEY) as register:
            entry = register.find_key((3 << 40) - 2**63)
        assert entry is not None
        assert entry.status is Status.CONFIRMED


def test_a_kiosk_follows_every_change_of_keys(office: Office, kiosk: UpdateSettings) -> None:
    taken(kiosk, 1)
    late = replace(kiosk, register=kiosk.register.with_name("late"))
    taken(late, 1)
    for serial, role in enumerate(ROLES, start=2):
        opened = Office.open(office.folder)
        old = {"root": "root-2", "software": "software-1"}.get(role)
        rotate_key(opened, KeyRing(opened), role, old=old)
        assert taken(kiosk, serial - 1).result is Result.CURRENT
        add_list(office, serial, entries(ROWS, **{f"n{serial}": Status.DEATH}))
        do_publish(office)
        assert taken(kiosk, serial).how is How.DELTAS
    # A kiosk that was away for all of it, and a new one, follow too.
    last = 1 + len(ROLES)
    assert taken(late, last).how is How.DELTAS
    assert taken(replace(kiosk, register=kiosk.register.with_name("new")), last).how is How.BASE


def test_reference_tables_arrive(office: Office, kiosk: UpdateSettings, tmp_path: Path) -> None:
    tables = tmp_path / "tables"
    tables.mkdir()
    (tables / "hotlines.csv").write_text(
        "territory_code,ogrn,name,phone,hours\n,,Контакт-центр,8 800 000-00-00,\n"
    )
    do_publish(office, reference=tables)
    taken(kiosk, 1)
    found = {path.name for path in (kiosk.register / "reference").iterdir()}
    assert found == {"hotlines.csv"}
