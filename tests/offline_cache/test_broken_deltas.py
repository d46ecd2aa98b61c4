"""Deltas that are cut, repeated, skipped, out of order, or for another base.

Each is signed as it is: what stops it is not the signature but the list that it would lead to. The
kiosk ends in the right list by another way, or stays on the old one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kiosk.demo.certificates import make_certificates
from offline_cache.assemble import How
from offline_cache.updater import Result
from tests.offline_cache.samples import write_rows
from tests.offline_cache.sieges import Siege, new_siege

if TYPE_CHECKING:
    from pathlib import Path

_AT = 3


@pytest.fixture(scope="module", name="model")
def _model(tmp_path_factory: pytest.TempPathFactory) -> Siege:
    folder = tmp_path_factory.mktemp("model")
    return new_siege(folder, make_certificates(folder / "certificates"), lists=_AT)


@pytest.fixture(name="siege")
def _siege(model: Siege, tmp_path: Path) -> Siege:
    return model.moved_to(tmp_path)


def _sign_delta(siege: Siege, content: bytes, *, name: str = "register/delta-3-4") -> None:
    """Sign `content` as the delta of that name, for the list that the manifest describes."""
    siege.fund.put(name, content)
    siege.fund.publish()


def _delta(siege: Siege, name: str = "register/delta-3-4") -> bytes:
    return siege.fund.path_of(name).read_bytes()


def test_a_cut_delta_leads_to_the_base(siege: Siege) -> None:
    """At 160 places; that every byte is needed is shown where deltas are read (test_overlay)."""
    siege.publish(base=True)
    whole = _delta(siege)
    ways = set()
    for length in range(0, len(whole), max(1, len(whole) // 160)):
        kiosk = siege.moved_to(siege.folder / str(length))
        _sign_delta(kiosk, whole[:length])
        outcome = kiosk.update()
        assert (outcome.result, outcome.error) == (Result.UPDATED, None), length
        assert kiosk.list_in_use() == _AT + 1
        ways.add(outcome.how)
    assert ways == {How.BASE}


def test_without_a_base_the_old_list_stays(siege: Siege) -> None:
    siege.publish()
    whole = _delta(siege)
    for length in (0, 7, 12, len(whole) // 2, len(whole) - 1):
        _sign_delta(siege, whole[:length])
        outcome = siege.update()
        assert outcome.result is Result.REFUSED, length
        assert siege.list_in_use() == _AT
    _sign_delta(siege, whole)
    assert siege.update().how is How.DELTAS
    assert siege.list_in_use() == _AT + 1


@pytest.mark.parametrize(
    "other",
    [
        pytest.param("register/delta-2-3", id="repeated"),
        pytest.param("register/delta-4-5", id="skipped"),
        pytest.param("register/delta-1-2", id="for-another-base"),
    ],
)
def test_another_delta_in_its_place_leads_to_the_base(siege: Siege, other: str) -> None:
    siege.publish()
    siege.publish(base=True)
    _sign_delta(siege, _delta(siege, other))
    outcome = siege.update()
    assert (outcome.result, outcome.how) == (Result.UPDATED, How.BASE)
    assert siege.list_in_use() == _AT + 2


def test_deltas_out_of_order_lead_to_the_base(siege: Siege) -> None:
    siege.publish()
    siege.publish(base=True)
    first, second = _delta(siege), _delta(siege, "register/delta-4-5")
    _sign_delta(siege, second)
    _sign_delta(siege, first, name="register/delta-4-5")
    outcome = siege.update()
    assert (outcome.result, outcome.how) == (Result.UPDATED, How.BASE)
    assert siege.list_in_use() == _AT + 2


def test_a_delta_that_was_taken_is_not_taken_again(siege: Siege) -> None:
    siege.publish()
    assert siege.update().how is How.DELTAS
    before = siege.files()
    for _ in range(3):
        assert siege.update().result is Result.CURRENT
    assert siege.files() == before


def test_a_delta_of_nothing_leads_on(siege: Siege, tmp_path: Path) -> None:
    """Days on which nothing changes have a list too."""
    siege.fund.change({})
    siege.published[_AT + 1] = dict(siege.fund.rows)
    assert write_rows(tmp_path / "none", {})[1].rows == 0
    assert siege.update().how is How.DELTAS
    assert siege.list_in_use() == _AT + 1
