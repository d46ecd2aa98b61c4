"""`kiosk software update`: what is taken, what is refused, and what a kiosk then runs."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kiosk.demo.certificates import make_certificates
from kiosk.demo.fund_server import Fault, FundServer
from kiosk.software.links import Phase, read_state
from kiosk.software.update import Result, update
from offline_cache.errors import FetchError
from tests.kiosk.software.releases import (
    FIRST,
    SECOND,
    Fund,
    Kiosk,
    pack,
    plain_bundle,
    stub_builder,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(name="fund")
def _fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


@pytest.fixture(name="kiosk")
def _kiosk(tmp_path: Path, fund: Fund) -> Kiosk:
    return Kiosk(tmp_path / "kiosk", fund)


def test_the_newest_release_is_staged_beside_the_one_that_runs(fund: Fund, kiosk: Kiosk) -> None:
    assert kiosk.update().result is Result.CURRENT
    fund.release("1.0.5")
    fund.release(SECOND)
    outcome = kiosk.update()
    assert outcome.error is None
    assert (outcome.result, outcome.current, outcome.staged) == (Result.STAGED, FIRST, SECOND)
    assert (kiosk.current, kiosk.releases) == (FIRST, [FIRST, SECOND])
    state = read_state(kiosk.folder)
    assert (state.phase, state.version, state.trial_seconds) == (Phase.STAGED, SECOND, 60)
    # The next run finds it there.
    again = kiosk.update()
    assert (again.result, again.staged, again.bytes) == (Result.STAGED, SECOND, 0)


def test_over_https_and_from_a_server_that_breaks_off(
    fund: Fund, kiosk: Kiosk, tmp_path: Path
) -> None:
    certificates = make_certificates(tmp_path / "certificates")
    content = {**plain_bundle(SECOND), "wheels/big.whl": os.urandom(400_000)}
    fund.release(SECOND, pack(content))
    with FundServer(fund.repository, certificates) as server:
        settings = replace(kiosk.settings, place=server.url, ca_file=certificates.ca)
        server.order(".tar.gz", Fault.MISSING)
        broken = update(settings, builder=stub_builder)
        assert (broken.result, broken.staged) == (Result.FAILED, None)
        assert isinstance(broken.error, FetchError)
        server.clear_faults()
        server.order(".tar.gz", Fault.CUT, times=1)
        outcome = update(settings, builder=stub_builder)
    assert (outcome.error, outcome.staged) == (None, SECOND)
    assert outcome.bytes > 0
