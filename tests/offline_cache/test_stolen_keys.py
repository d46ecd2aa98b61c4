"""Stolen keys: each reaches as far as its role, and new keys of the fund end what was done."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import DelegatedRole, Delegations, Metadata, TargetFile, Targets

from offline_cache.errors import TrustError
from offline_cache.fetch import Deadline
from offline_cache.fetch_folder import FolderSource
from offline_cache.floor import Heights
from offline_cache.format import Status
from offline_cache.manifest import BaseInfo, to_bytes
from offline_cache.trust import TrustedRepository
from offline_cache.updater import Result
from tests.offline_cache import fund as fund_module
from tests.offline_cache.fund import KEYS, Fund
from tests.offline_cache.samples import write_rows
from tests.offline_cache.sieges import Siege, limits, new_siege, places, serving, sign_with

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kiosk.demo.certificates import Certificates


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


def _unsigned_list(thief: Fund) -> None:
    """Without the register key: a new list, its role signed by what there is."""
    thief.change({1: Status.DEATH})
    sign_with(thief, "register", "snapshot", "timestamp", "reference")
    thief.sign("snapshot", "timestamp")


def _older_role(thief: Fund) -> None:
    """Without the register key: what it signed before."""
    old = thief.metadata["register"].signed.version - 1
    thief.metadata["register"] = type(thief.metadata["register"]).from_file(
        str(thief.folder / "metadata" / f"{old}.register.json")
    )
    thief.sign("snapshot", "timestamp")


def _role_gone(thief: Fund) -> None:
    thief.sign("snapshot")
    del thief.metadata["snapshot"].signed.meta["register.json"]
    sign_with(thief, "snapshot", "snapshot")
    thief.sign("timestamp")


def _by_register_alone(thief: Fund) -> None:
    """Without snapshot and timestamp: the role is there, and nobody vouches for it."""
    stamp = thief.file_of("timestamp").read_bytes()
    thief.change({1: Status.DEATH})
    (thief.folder / "metadata" / "timestamp.json").write_bytes(stamp)


def _table_of_register(thief: Fund) -> None:
    """The register key signs a reference table, in its own role and through a role of its own."""
    evil = TargetFile.from_data("reference/calendar.csv", b"evil\n", ["sha256"])
    register = thief.metadata["register"].signed
    register.targets["reference/calendar.csv"] = evil
    key = KEYS["register"][0].public_key
    register.delegations = Delegations(
        {key.keyid: key},
        {"reference": DelegatedRole("reference", [key.keyid], 1, False, paths=["reference/*"])},
    )
    thief.metadata["reference"].signed.targets["reference/calendar.csv"] = evil
    thief.sign("register", "reference", "snapshot", "timestamp")
    sign_with(thief, "reference", "register")
    thief.sign("snapshot", "timestamp")


def _table_beside(thief: Fund) -> None:
    evil = TargetFile.from_data("reference/calendar.csv", b"evil\n", ["sha256"])
    thief.metadata["register"].signed.targets["reference/calendar.csv"] = evil
    thief.sign("register", "snapshot", "timestamp")


def _list_of_reference(thief: Fund) -> None:
    """The reference key signs a manifest."""
    evil = replace(thief.manifest, serial=3, as_of=thief.manifest.as_of + timedelta(hours=1))
    content = to_bytes(evil)
    file = TargetFile.from_data("register/manifest.json", content, ["sha256"])
    thief.metadata["reference"].signed.targets["register/manifest.json"] = file
    thief.sign("reference", "snapshot", "timestamp")


_LIMITS = [
    Theft("all online keys but the register's", _unsigned_list, "register.json is not signed by"),
    Theft("snapshot and timestamp: what was signed before", _older_role, "is older than"),
    Theft("snapshot and timestamp: a role vanishes", _role_gone, "snapshot.json cannot be trusted"),
    Theft("register alone", _by_register_alone, "", Result.CURRENT),
    Theft("register signs a table", _table_beside, "", Result.CURRENT),
    Theft("register takes reference over", _table_of_register, "reference.json is not signed by"),
    Theft("reference signs a list", _list_of_reference, "", Result.CURRENT),
]


@pytest.mark.parametrize("way", ["https", "folder"])
@pytest.mark.parametrize("theft", [pytest.param(each, id=each.name) for each in _LIMITS])
def test_a_key_reaches_no_further_than_its_role(siege: Siege, theft: Theft, way: str) -> None:
    before = siege.files()
    thief = siege.thief()
    theft.sign(thief)
    with places(siege, thief.folder, way) as place, limits():
        outcome = siege.update(place)
    assert outcome.result is theft.result, outcome
    assert theft.words in str(outcome.error)
    assert siege.files() == before
    assert siege.list_in_use() == 3
    table = siege.settings.register / "reference" / "calendar.csv"
    assert table.read_bytes() == b"true\n"
    siege.outrun()
    with places(siege, siege.fund.folder, way) as place:
        siege.recovers(place)


def test_software_needs_two_keys(siege: Siege, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [CryptoSigner.generate_ed25519() for _ in range(3)]
    public = {key.public_key.keyid: key.public_key for key in keys}
    fund = siege.fund
    delegations = fund.metadata["targets"].signed.delegations
    delegations.roles["software"] = DelegatedRole(
        "software", list(public), 2, terminating=True, paths=["software/*"]
    )
    delegations.keys |= public
    fund.metadata["software"] = Metadata(Targets())
    fund.lives["software"] = timedelta(days=1)
    monkeypatch.setattr(fund_module, "DELEGATED", (*fund_module.DELEGATED, "software"))
    for signers, words in ((keys[:1], "software.json is not signed by enough"), (keys[1:], "")):
        monkeypatch.setitem(KEYS, "software", signers)
        fund.put("software/kiosk.tar", b"new")
        fund.sign("targets", "software", "snapshot", "timestamp")
        with closing(FolderSource(fund.folder)) as source:
            trust = siege.folder / "trust"
            repository = TrustedRepository(source, fund.root, trust, Deadline(10))
            repository.refresh(Heights(), datetime.now(UTC))
            if words:
                with pytest.raises(TrustError, match=words):
                    repository.target("software/kiosk.tar")
            else:
                assert repository.target("software/kiosk.tar") is not None
    # Lists do not wait for software.
    siege.recovers()


def _roles(count: int) -> Callable[[Fund], None]:
    """Roles that there are not, which a kiosk would remember for ever."""

    def sign(thief: Fund) -> None:
        thief.sign("snapshot")
        meta = thief.metadata["snapshot"].signed.meta
        meta.update({f"role{n}.json": meta["register.json"] for n in range(count)})
        sign_with(thief, "snapshot", "snapshot")
        thief.sign("timestamp")

    return sign


def _far_ahead(version: int) -> Callable[[Fund], None]:
    """Versions that the fund would not reach in a lifetime."""

    def sign(thief: Fund) -> None:
        thief.metadata["timestamp"].signed.version = version
        # No file has a name of 4000 digits; the timestamp's has none at all.
        thief.metadata["snapshot"].signed.version = min(version, 2**60)
        thief.sign("snapshot", "timestamp")

    return sign


def _others_ahead(thief: Fund) -> None:
    """The versions of what he cannot sign."""
    thief.sign("snapshot")
    for name in ("register.json", "reference.json"):
        thief.metadata["snapshot"].signed.meta[name].version += 10**6
    sign_with(thief, "snapshot", "snapshot")
    thief.sign("timestamp")


@pytest.mark.parametrize("way", ["https", "folder"])
@pytest.mark.parametrize(
    "sign",
    [
        pytest.param(_roles(100), id="roles-by-the-hundred"),
        pytest.param(_roles(30), id="roles-by-the-dozen"),
        pytest.param(_far_ahead(2**40), id="fast-forward"),
        pytest.param(_far_ahead(10**4000), id="fast-forward-past-every-number"),
        pytest.param(_others_ahead, id="fast-forward-of-others"),
    ],
)
def test_new_keys_end_a_fast_forward(
    siege: Siege, sign: Callable[[Fund], None], way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    thief = siege.thief()
    sign(thief)
    with places(siege, thief.folder, way) as place, limits():
        siege.update(place)
    assert siege.list_in_use() == 3
    stranded = siege.copy("stranded")
    _change_keys(siege.fund, monkeypatch, "snapshot", "timestamp")
    with places(siege, siege.fund.folder, way) as place:
        siege.recovers(place)
    # The floor begins anew with the keys, and holds again at once.
    for old in (*siege.olds.values(), stranded, thief.folder):
        shutil.rmtree(siege.settings.register / "trust")
        outcome = siege.update(old)
        assert outcome.result is Result.REFUSED
    assert siege.list_in_use() == 4
    siege.recovers()


@pytest.mark.parametrize("way", ["https", "folder"])
def test_a_new_register_key_ends_a_serial_that_nothing_follows(
    siege: Siege, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = 2**31
    thief = siege.thief()
    path, state = write_rows(thief.folder / "rows", thief.rows)
    thief.put(f"register/base-{last}", path.read_bytes())
    base = BaseInfo(last, thief.manifest.as_of, state)
    thief.publish(to_bytes(replace(thief.manifest, serial=last, base=base, deltas=())))
    siege.published[last] = dict(thief.rows)
    with places(siege, thief.folder, way) as place:
        assert siege.update(place).serial == last
        assert siege.list_in_use() == last
    # His list is a list; the fund's next one comes below it, and is refused until its key changes.
    siege.outrun()
    siege.publish()
    outcome = siege.update()
    assert f"list 4, and list {last} has been" in str(outcome.error)
    _change_keys(siege.fund, monkeypatch, "register")
    # What is known to come is no list yet: while its files are missing, the old floor holds.
    base_file = siege.fund.path_of("register/base-1")
    content = base_file.read_bytes()
    base_file.unlink()
    assert siege.update().result is Result.FAILED
    assert siege.list_in_use() == last
    base_file.write_bytes(content)
    with places(siege, siege.fund.folder, way) as place:
        assert siege.update(place).error is None
        assert siege.list_in_use() == 4
        siege.recovers(place)
    for old in (*siege.olds.values(), thief.folder):
        for lost in (False, True):
            if lost:
                shutil.rmtree(siege.settings.register / "trust")
            assert siege.update(old).result is Result.REFUSED
    assert siege.list_in_use() == 5
    siege.recovers()


def _change_keys(fund: Fund, monkeypatch: pytest.MonkeyPatch, *roles: str) -> None:
    """What `kiosk register rotate-key` does."""
    for role in roles:
        above = "targets" if role == "register" else "root"
        signed = fund.metadata[above].signed
        signed.revoke_key(KEYS[role][0].public_key.keyid, role)
        monkeypatch.setitem(KEYS, role, [CryptoSigner.generate_ed25519()])
        signed.add_key(KEYS[role][0].public_key, role)
        fund.sign(above)
    fund.publish()
