"""Every attack that the TUF specification names, over HTTPS and from a folder, on a whole kiosk.

Who attacks here has no key: he replays, mixes, cuts, lengthens, and makes things up. Whatever he
does, the list in use stays, answers, and the next true list is taken.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from offline_cache.manifest import MANIFEST_TARGET
from offline_cache.updater import Result
from tests.offline_cache.fund import KEYS, LIFETIMES
from tests.offline_cache.sieges import Siege, limits, new_siege, places, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kiosk.demo.certificates import Certificates
    from tests.offline_cache.fund import Fund

_DAY = timedelta(days=1)
_DELTA = "register/delta-3-4"


@pytest.fixture(scope="module", name="model")
def _model(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Siege]:
    with serving(new_siege(tmp_path_factory.mktemp("model"), certificates)) as siege:
        yield siege


@dataclass(frozen=True)
class Attack:
    """What is offered in place of the next list, and what comes of it."""

    name: str
    offer: Callable[[Siege], Path]
    """The folder that the kiosk is led to."""
    result: Result
    words: str = ""
    serial: int = 3
    """Of the list in use afterwards: 4 is the next true one."""


def _edited(
    change: Callable[[Fund, Path], object], *, base: bool = False
) -> Callable[[Siege], Path]:
    """List 4 is published, and somebody changes the copy of it that the kiosk gets."""

    def offer(siege: Siege) -> Path:
        siege.publish(base=base)
        offered = siege.copy()
        change(siege.fund, offered)
        return offered

    return offer


def _in(offered: Path, path: Path, fund: Fund) -> Path:
    """A file of the fund in the copy that is offered."""
    return offered / path.relative_to(fund.folder)


def _of_role(role: str, change: Callable[[bytes], bytes]) -> Callable[[Siege], Path]:
    """The current file of a role, changed."""

    def edit(fund: Fund, offered: Path) -> None:
        path = _in(offered, fund.file_of(role), fund)
        path.write_bytes(change(path.read_bytes()))

    return _edited(edit)


def _of_target(
    name: str, change: Callable[[bytes], bytes], *, base: bool = False
) -> Callable[[Siege], Path]:
    """A target, changed."""

    def edit(fund: Fund, offered: Path) -> None:
        path = _in(offered, fund.path_of(name), fund)
        path.write_bytes(change(path.read_bytes()))

    return _edited(edit, base=base)


def _kept(serial: int) -> Callable[[Siege], Path]:
    """The whole repository as it was with a list."""
    return lambda siege: siege.olds[serial]


def _older_role(role: str) -> Callable[[Siege], Path]:
    """The true file of a role before, under the name of the current one."""

    def offer(siege: Siege) -> Path:
        before = siege.fund.file_of(role).read_bytes()
        siege.publish()
        offered = siege.copy()
        _in(offered, siege.fund.file_of(role), siege.fund).write_bytes(before)
        return offered

    return offer


def _root_again(fund: Fund, offered: Path) -> None:
    (offered / "metadata" / "2.root.json").write_bytes(fund.root)


def _root_of(*signers: str) -> Callable[[Siege], Path]:
    """A new root that somebody without enough of its keys made."""

    def edit(fund: Fund, offered: Path) -> None:
        document = json.loads(fund.root)
        document["signed"]["version"] = 2
        root = type(fund.metadata["root"]).from_dict(document)
        root.signatures.clear()
        for signer in signers:
            root.sign(KEYS[signer][0], append=True)
        (offered / "metadata" / "2.root.json").write_bytes(root.to_bytes())

    return _edited(edit)


def _expired(*roles: str) -> Callable[[Siege], Path]:
    """What the fund signed for a short time, kept until that has run out; then the fund goes on."""

    def offer(siege: Siege) -> Path:
        siege.publish()
        fund = siege.fund
        fund.lives = dict.fromkeys(roles, -_DAY) | {
            role: life for role, life in LIFETIMES.items() if role not in roles
        }
        fund.sign(*dict.fromkeys([*roles, "snapshot", "timestamp"]))
        offered = siege.copy()
        fund.lives = dict(LIFETIMES)
        fund.sign(*dict.fromkeys([*roles, "snapshot", "timestamp"]))
        return offered

    return offer


def _unsigned(content: bytes) -> bytes:
    document: dict[str, Any] = json.loads(content)
    document["signatures"] = []
    return json.dumps(document, separators=(",", ":")).encode()


def _flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def _mixed(role: str) -> Callable[[Siege], Path]:
    """List 5 with the file of a role out of list 4: both true, and never true together."""

    def offer(siege: Siege) -> Path:
        siege.publish()
        before = siege.fund.file_of(role).read_bytes()
        siege.publish()
        offered = siege.copy()
        _in(offered, siege.fund.file_of(role), siege.fund).write_bytes(before)
        return offered

    return offer


def _old_with_new_timestamp(siege: Siege) -> Path:
    siege.publish()
    offered = siege.folder / "offered"
    shutil.copytree(siege.olds[3], offered)
    shutil.copy(siege.fund.folder / "metadata" / "timestamp.json", offered / "metadata")
    return offered


def _other_delta(fund: Fund, offered: Path) -> None:
    delta = _in(offered, fund.path_of("register/delta-3-4"), fund)
    delta.write_bytes(fund.path_of("register/delta-2-3").read_bytes())


def _foreign(siege: Siege) -> Path:
    """Another office's repository, sound in itself."""
    other = siege.thief()
    for role in ("root", "targets", "register", "reference", "snapshot", "timestamp"):
        signed = other.metadata[role]
        signed.signatures.clear()
        stranger = "snapshot" if role != "snapshot" else "timestamp"
        signed.sign(KEYS[stranger][0])
        other.write(role)
    return other.folder


def _with_more(_fund: Fund, offered: Path) -> None:
    for name in ("metadata/99.evil.json", "targets/register/evil", "evil.sh", "targets/evil"):
        (offered / name).write_bytes(b"run me")


def _instead(role: str, content: bytes) -> Callable[[Siege], Path]:
    """Bytes in place of a role's file; of the next root's, which is not there yet."""
    if role != "root":
        return _of_role(role, lambda _: content)
    return _edited(lambda _, offered: (offered / "metadata" / "2.root.json").write_bytes(content))


ATTACKS = [
    # Rollback.
    *(Attack(f"rollback to list {n}", _kept(n), Result.REFUSED,
             "timestamp.json is older than what this kiosk has seen") for n in (1, 2)),
    Attack("rollback of timestamp", _older_role("timestamp"), Result.CURRENT),
    *(Attack(f"rollback of {role}", _older_role(role), Result.REFUSED,
             f"{role}.json is not the file that was signed")
      for role in ("snapshot", "register")),
    Attack("rollback of reference", _older_role("reference"), Result.REFUSED,
           "reference.json is not the file that was signed", 4),
    Attack("rollback of root", _edited(_root_again), Result.REFUSED,
           "2.root.json is older than what this kiosk has seen"),
    # Indefinite freeze.
    *(Attack(f"freeze: {role} expired", _expired(role), Result.REFUSED,
             f"the signature of {role} has expired since")
      for role in ("root", "targets", "register", "snapshot", "timestamp")),
    Attack("freeze: reference expired", _expired("reference"), Result.REFUSED,
           "the signature of reference has expired since", 4),
    Attack("freeze: the state of yesterday", lambda siege: siege.olds[3], Result.CURRENT),
    # Mix and match.
    *(Attack(f"mix and match: {role} of another list", _mixed(role), Result.REFUSED,
             f"{role}.json is not the file that was signed")
      for role in ("snapshot", "register")),
    Attack("mix and match: new timestamp, old rest", _old_with_new_timestamp, Result.FAILED,
           "snapshot.json: not there"),
    Attack("mix and match: another delta", _edited(_other_delta), Result.FAILED, "delta-3-4: "),
    Attack("mix and match: another delta, and a base", _edited(_other_delta, base=True),
           Result.UPDATED),
    # Wrong length.
    *(Attack(f"wrong length: {role} short", _of_role(role, lambda was: was[:-1]), Result.REFUSED,
             f"{role}.json") for role in ("timestamp", "snapshot", "register")),
    *(Attack(f"wrong length: {role} long", _of_role(role, lambda was: was + b" " * 600_000),
             Result.REFUSED, f"{role}.json: ")
      for role in ("timestamp", "snapshot", "register")),
    Attack("wrong length: manifest short", _of_target(MANIFEST_TARGET, lambda was: was[:-1]),
           Result.REFUSED, "manifest.json is not the file that was signed"),
    Attack("wrong length: manifest long", _of_target(MANIFEST_TARGET, lambda was: was + b" "),
           Result.REFUSED, "longer than it may be"),
    *(Attack(f"{name}{' and a base' * base}", _of_target(_DELTA, change, base=base),
             Result.UPDATED if base else result, words)
      for base in (False, True)
      for name, change, result, words in (
          ("wrong length: delta short", lambda was: was[:-1], Result.FAILED, "delta-3-4: "),
          ("wrong length: delta empty", lambda _: b"", Result.FAILED, "delta-3-4: "),
          ("wrong length: delta long", lambda was: was + b"x", Result.REFUSED, "were signed"),
          ("tampered delta", _flipped, Result.REFUSED, "delta-3-4 is not the file that was signed"),
      )),
    # Arbitrary contents.
    Attack("tampered manifest", _of_target(MANIFEST_TARGET, _flipped), Result.REFUSED,
           "manifest.json is not the file that was signed"),
    *(Attack(f"tampered {role}", _of_role(role, _flipped), Result.REFUSED, f"{role}.json")
      for role in ("timestamp", "snapshot", "register")),
    Attack("unsigned timestamp", _of_role("timestamp", _unsigned), Result.REFUSED,
           "timestamp.json is not signed by enough of the keys"),
    *(Attack(f"unsigned {role}", _of_role(role, _unsigned), Result.REFUSED,
             f"{role}.json is not the file that was signed")
      for role in ("snapshot", "register")),
    Attack("root unsigned", _root_of(), Result.REFUSED, "2.root.json is not signed by enough"),
    Attack("root by wrong keys", _root_of("snapshot", "register"), Result.REFUSED,
           "2.root.json is not signed by enough"),
    Attack("root below its threshold", _root_of("root"), Result.REFUSED,
           "2.root.json is not signed by enough"),
    Attack("another office's repository", _foreign, Result.REFUSED,
           "timestamp.json is not signed by enough"),
    # Extraneous dependencies.
    Attack("files that nobody asked for", _edited(_with_more), Result.UPDATED),
    # Nonsense before any signature is looked at.
    *(Attack(f"{name} for {role}", _instead(role, bomb), Result.REFUSED, f"{role}.json")
      for role in ("root", "timestamp", "snapshot", "register")
      for name, bomb in {
          "a deep bomb": b"[" * 15_000,
          "deep objects": b'{"a":' * 3_000,
          "a wide bomb": b"[" + b"[]," * 5_000 + b"[]]",
          "a huge number": b'{"signed":{"version":' + b"9" * 15_000 + b"}}",
          "an endless number": b'{"signed":{"version":1e999999}}',
          "no UTF-8": b'{"signed":"\xff\xfe"}',
          "UTF-16": '{"signed":{}}'.encode("utf-16"),
          "not even JSON": b"\0" * 1000,
          "nothing": b"",
          "keys twice": b'{"signed":{},"signed":{"version":1},"signatures":[],"signatures":{}}',
      }.items()),
]  # fmt: skip


@pytest.mark.parametrize("way", ["https", "folder"])
@pytest.mark.parametrize("attack", [pytest.param(each, id=each.name) for each in ATTACKS])
def test_an_attack_without_keys_changes_nothing(siege: Siege, attack: Attack, way: str) -> None:
    before = siege.files()
    offered = attack.offer(siege)
    with places(siege, offered, way) as place, limits():
        outcome = siege.update(place)
    assert outcome.result is attack.result, outcome
    if outcome.result is not Result.UPDATED and attack.serial == 3:
        assert siege.files() == before
    serial = 4 if outcome.result is Result.UPDATED else attack.serial
    assert (outcome.serial, siege.list_in_use()) == (serial, serial)
    if attack.result in {Result.REFUSED, Result.FAILED}:
        assert attack.words in str(outcome.error)
        assert "\n" not in str(outcome.error)
    with places(siege, siege.fund.folder, way) as place:
        siege.recovers(place)
