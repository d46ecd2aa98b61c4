"""Deltas that are cut, repeated, skipped, out of order, or for another base.

Each is signed as it is: what stops it is not the signature but the list that it would lead to. The
kiosk ends in the right list by another way, or stays on the old one. And downloads that break off.
"""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from kiosk.demo.fund_server import Fault
from offline_cache.assemble import How
from offline_cache.format import Status
from offline_cache.updater import DOWNLOAD_FOLDER, Result
from tests.offline_cache.samples import write_rows
from tests.offline_cache.sieges import Siege, litter

if TYPE_CHECKING:
    from pathlib import Path

_AT = 3


def _sign_delta(siege: Siege, content: bytes, *, name: str = "register/delta-3-4") -> None:
    """Sign `content` as the delta of that name, for the list that the manifest describes."""
    siege.fund.put(name, content)
    siege.fund.publish()


def _delta(siege: Siege, name: str = "register/delta-3-4") -> bytes:
    return siege.fund.path_of(name).read_bytes()


def _publish_small(siege: Siege, *, base: bool) -> bytes:
    """A list of three changes, whose delta is returned."""
    siege.fund.change({1: Status.ANNULLED, 2: None, 3: Status.CONFIRMED})
    siege.published[_AT + 1] = dict(siege.fund.rows)
    if base:
        siege.fund.add_base(siege.fund.serial)
        siege.fund.publish()
    return _delta(siege)


class _Kiosk:
    """The siege's kiosk, to be put back before every attempt."""

    def __init__(self, siege: Siege) -> None:
        self._register = siege.settings.register
        self._kept = siege.folder / "as-it-was"
        shutil.copytree(self._register, self._kept, symlinks=True)

    def put_back(self) -> None:
        shutil.rmtree(self._register)
        shutil.copytree(self._kept, self._register, symlinks=True)


def test_a_delta_cut_at_any_byte_leads_to_the_base(siege: Siege) -> None:
    """Signed as cut, with its new length: the list that it should lead to is signed as well."""
    whole = _publish_small(siege, base=True)
    kiosk, hows = _Kiosk(siege), Counter[How | None]()
    for length in range(len(whole)):
        kiosk.put_back()
        _sign_delta(siege, whole[:length])
        outcome = siege.update()
        assert (outcome.result, outcome.error) == (Result.UPDATED, None), length
        assert siege.list_in_use() == _AT + 1, length
        assert litter(siege.settings.register) == []
        hows[outcome.how] += 1
    print(f"{len(whole)} cuts: {dict(hows)}")
    assert hows == {How.BASE: len(whole)}


def test_without_a_base_the_old_list_stays(siege: Siege) -> None:
    whole = _publish_small(siege, base=False)
    before = siege.files()
    for length in range(0, len(whole), 7):
        _sign_delta(siege, whole[:length])
        outcome = siege.update()
        assert outcome.result is Result.REFUSED, length
        assert siege.files() == before, length
    assert siege.list_in_use() == _AT
    _sign_delta(siege, whole)
    assert siege.update().how is How.DELTAS
    assert siege.list_in_use() == _AT + 1


def test_a_delta_with_a_byte_changed_leads_to_the_right_list(siege: Siege) -> None:
    """By the base, or by the delta where the byte means nothing."""
    whole = _publish_small(siege, base=True)
    kiosk, hows = _Kiosk(siege), Counter[How | None]()
    for place in range(0, len(whole), 3):
        kiosk.put_back()
        _sign_delta(siege, whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        outcome = siege.update()
        assert (outcome.result, outcome.error) == (Result.UPDATED, None), place
        assert siege.list_in_use() == _AT + 1, place
        hows[outcome.how] += 1
    print(f"{hows.total()} changed bytes: {dict(hows)}")
    assert hows[How.BASE] > hows.total() // 2


def test_a_download_that_breaks_off_goes_on_there(siege: Siege) -> None:
    whole = _publish_small(siege, base=False)
    path = siege.fund.path_of("register/delta-3-4")
    kiosk, before = _Kiosk(siege), siege.files()
    for length in range(0, len(whole), 5):
        kiosk.put_back()
        path.write_bytes(whole[:length])
        broken = siege.update()
        assert broken.result is Result.FAILED, length
        assert siege.files() == before, length
        path.write_bytes(whole)
        outcome = siege.update()
        assert (outcome.result, outcome.how) == (Result.UPDATED, How.DELTAS), length
        assert outcome.bytes == len(whole) - length
        assert siege.list_in_use() == _AT + 1, length
        assert litter(siege.settings.register) == []


@pytest.mark.parametrize("kept", ["other-beginning", "other-end", "too-long", "whole", "zeros"])
def test_whatever_lies_in_the_place_of_a_download_is_no_part_of_it(siege: Siege, kept: str) -> None:
    """A power cut may leave a part with other bytes than came."""
    whole = _publish_small(siege, base=False)
    part = siege.settings.register / DOWNLOAD_FOLDER / f"{hashlib.sha256(whole).hexdigest()}.part"
    part.parent.mkdir(exist_ok=True)
    half = len(whole) // 2
    part.write_bytes(
        {
            "other-beginning": b"?" * half,
            "other-end": whole[:-1] + b"?",
            "too-long": whole + b"?",
            "whole": whole,
            "zeros": whole[:half] + bytes(len(whole) - half),
        }[kept]
    )
    outcome = siege.update()
    assert (outcome.result, outcome.how) == (Result.UPDATED, How.DELTAS)
    assert siege.list_in_use() == _AT + 1
    assert litter(siege.settings.register) == []


def test_a_broken_line_is_gone_on_with(siege: Siege) -> None:
    """Over HTTPS: a connection breaks in the middle, and the delta comes all the same."""
    whole = _publish_small(siege, base=False)
    with siege.served(siege.fund.folder) as server:
        server.order("delta-3-4", Fault.CUT, times=1)
        outcome = siege.update(server.url)
    assert (outcome.result, outcome.how) == (Result.UPDATED, How.DELTAS)
    assert outcome.bytes == len(whole)
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
