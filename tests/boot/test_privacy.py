"""Nothing of a person stays on a booted kiosk: not in its journal, its files, its memory disks."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Final

from kiosk.demo.people import Person, person
from tests.boot.appliance import KIOSK, SCREEN
from tests.boot.rounds import ROUNDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.boot.appliance import Appliance

CAST: Final = (
    *("plain_man", "plain_woman", "suspended", "details_differ", "absent", "to_clarify"),
    *("other_insurer", "ends_soon", "expired"),
)
CHECKS: Final = 1_000 if ROUNDS >= 100 else len(CAST)
_IN_MEMORY: Final = ("run", "tmp", "dev/shm")


def canaries(one: Person) -> Iterator[tuple[str, bytes]]:
    """Everything about a person, in each way in which software writes such things."""
    born = one.birth_date
    snils = f"{one.snils[:3]}-{one.snils[3:6]}-{one.snils[6:9]}"
    words = {
        "enp": (one.enp,),
        "snils": (one.snils, snils),
        "birth": (f"{born:%d.%m.%Y}", f"{born:%Y-%m-%d}", f"{born:%Y%m%d}"),
        "surname": (one.surname, one.surname.title(), one.surname.lower()),
        "given_name": (one.given_name, one.given_name.title()),
        "patronymic": (one.patronymic or one.surname,),
    }
    for field, spelled in words.items():
        for word in spelled:
            for encoding in ("utf-8", "cp1251", "utf-16-le"):
                yield field, word.encode(encoding)
            yield field, word.encode("utf-8").hex().encode("ascii")
            # As JSON without Cyrillic has it.
            yield field, word.encode("unicode_escape")


def written(kiosk: Appliance) -> Iterator[Path]:
    """Every file that the machine has written since it was enrolled, on disk and in memory."""
    machine = kiosk.machine
    for top in (machine.written, *(machine.path(name) for name in _IN_MEMORY)):
        for path in top.rglob("*"):
            # The pictures are the screen's, which shows no names to the public; see the flow tests.
            # The fund's tables are for everybody, and names of towns sound like names of people.
            skipped = path.suffix == ".png" or path.parent.name == "reference"
            if path.is_file() and not path.is_symlink() and not skipped:
                yield path


def found(content: bytes) -> set[tuple[str, str]]:
    """Who, and what of them, stands in `content`."""
    return {
        (slug, field)
        for slug in CAST
        for field, canary in canaries(person(slug))
        if canary in content
    }


def test_nothing_personal_stays(kiosk: Appliance) -> None:
    for slug in itertools.islice(itertools.cycle(CAST), CHECKS):
        kiosk.tap(slug)
    machine = kiosk.machine
    # Also what is said when it goes down badly, and comes again.
    before, killed = kiosk.pid(), time.time()
    machine.run("kill", "-ABRT", str(before))
    kiosk.wait_for_another(before, killed)
    kiosk.tap(CAST[0])
    machine.run("journalctl", "--sync")
    assert found(machine.journal("--output=export").encode()) == set()
    scanned = 0
    for path in written(kiosk):
        assert found(path.read_bytes()) == set(), path
        scanned += 1
    assert scanned > 10


def test_the_scan_would_find_it(kiosk: Appliance) -> None:
    """A kiosk that logs a name is found out: the scan reads the journal's own files, too."""
    one = person("plain_man")
    kiosk.machine.run("systemd-cat", "--identifier=leak", "echo", one.enp)
    kiosk.machine.path(f"{SCREEN}/leak").write_text(f"x{one.surname}x", encoding="cp1251")
    kiosk.machine.run("journalctl", "--sync")
    assert ("plain_man", "enp") in found(kiosk.machine.journal("--output=export").encode())
    leaks = {path.name for path in written(kiosk) if found(path.read_bytes())}
    assert "leak" in leaks
    assert any(name.endswith(".journal") for name in leaks)


def test_a_crash_leaves_no_core(kiosk: Appliance) -> None:
    machine = kiosk.machine
    pid = kiosk.pid()
    limits = machine.run("cat", f"/proc/{pid}/limits").stdout
    core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert core.split()[4:6] == ["0", "0"]
    assert machine.unit(KIOSK, "LimitCORE") == "0"
