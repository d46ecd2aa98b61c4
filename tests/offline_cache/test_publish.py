"""What is published is what a real TUF client reads, at every moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from offline_cache.format import Status
from tests.offline_cache.offices import Client, add_list, do_publish, entries, make_office

if TYPE_CHECKING:
    from pathlib import Path

    from offline_cache.publisher.office import Office


@pytest.fixture(name="office")
def _office(tmp_path: Path) -> Office:
    return make_office(tmp_path / "office")


@pytest.fixture(name="client")
def _client(tmp_path: Path, office: Office) -> Client:
    return Client(tmp_path / "client", office.repository)


def test_the_first_list_is_published_whole(office: Office, client: Client) -> None:
    about = add_list(office, 1, entries(20))
    outcome = do_publish(office)
    assert (outcome.serial, outcome.new_list, outcome.why_base) == (1, True, "the first list")
    manifest = client.manifest(office.repository)
    assert manifest.base.state == about.state
    rows = (office.folder / "lists" / "list-1.rows").read_bytes()
    assert client.get(office.repository, "register/base-1") == rows


def test_the_second_as_a_delta(office: Office, client: Client) -> None:
    add_list(office, 1, entries(20))
    do_publish(office)
    client.refresh(office.repository)
    add_list(office, 2, entries(20, n3=Status.ANNULLED))
    outcome = do_publish(office)
    assert outcome.why_base is None
    manifest = client.manifest(office.repository)
    assert (manifest.serial, manifest.base.serial) == (2, 1)
    assert manifest.overlays[1] == manifest.deltas[0].state
    assert manifest.deltas[0].state.rows == 1
    assert client.get(office.repository, "register/delta-1-2") is not None
