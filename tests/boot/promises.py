"""What the technicians' page promises of each of its lines, and how that is looked for."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Final

from kiosk import __version__
from tests.boot.page import Place, Step, steps
from tests.boot.reader import CONF, put_in_reader
from tests.boot.releases import hurry, status, wait_for_the_trial
from tests.boot.technician import HOME
from tests.boot.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.boot.technician import Technician

_SECONDS: Final = 20.0
_NEEDED: Final = ("register", "reader", "journal key", "fonts", "configuration")
_PUBLISHED: Final = re.compile(r"^list (\d+) is published", re.MULTILINE)


class Visit:
    """A technician at work, and what must be true by now."""

    def __init__(self, technician: Technician) -> None:
        """Nothing was done yet."""
        self.technician = technician
        self.machine = technician.machine
        self.serial = 1
        """Of the newest list."""
        self.version = __version__
        """Of the release that runs."""
        self.before = ""
        """The release before that one."""
        self.released = ""
        """The newest one that the office signed."""

        self.words = self.said = ""
        """The line that was typed, and what it printed."""
        self.taps = 0
        """How often a policy was held to the reader."""

    def do(self, step: Step) -> None:
        """Do what one line of the page says, and look for what it promises.

        Raises:
            LookupError: nobody knows what it promises.
            AssertionError: it is not so.
        """
        _, promise = promise_of(step)
        self.words = step.words
        try:
            self.said = "" if step.by_hand else self.technician.type(step.place, step.words)
            promise(self)
        except Exception as error:
            error.add_note(f"on the page, {step.place}: {step.words}")
            raise


def _nothing_more(_visit: Visit) -> None:
    """It came to a good end; what follows on the page needs that."""


# On the build machine and in the office


def _released(visit: Visit) -> None:
    visit.released = visit.words.split("--version ")[1].split()[0]
    assert visit.released in visit.said


def _published(visit: Visit) -> None:
    found = _PUBLISHED.search(visit.said)
    assert found is None or int(found[1]) == visit.serial + 1
    visit.serial += found is not None


# At the kiosk: by hand


def _stick_put_in(visit: Visit) -> None:
    visit.technician.put_stick_in()


def _other_stick_put_in(visit: Visit) -> None:
    """With the release that it names, which is made as the page says of the last one."""
    last, wanted = visit.released, visit.words.split()[-1]
    for step in steps():
        if last in step.words and step.place is not Place.KIOSK:
            visit.do(Step(step.place, step.words.replace(last, wanted), by_hand=False))
    visit.technician.type(Place.OFFICE, "kiosk register publish office --stick /media/stick")
    visit.technician.put_other_stick_in()


def _stick_taken_out(visit: Visit) -> None:
    """With the journal's checkpoint, where the kiosk has seen the stick and keeps a journal."""
    visit.technician.take_stick_out()
    if visit.taps:
        assert list(visit.technician.stick.glob("oms-checkpoints/0412-*.json"))


def _trial_awaited(visit: Visit) -> None:
    wait_for_the_trial(visit.machine)
    visit.before, visit.version = visit.version, visit.released


def _policy_held(visit: Visit) -> None:
    visit.technician.kiosk.wait_until_ready()
    visit.technician.kiosk.wait_for_reader()
    until("the newest list", lambda: _serial_of_a_tap(visit) == visit.serial, _SECONDS)


def _serial_of_a_tap(visit: Visit) -> int:
    verdict = visit.technician.kiosk.tap()
    visit.taps += 1
    assert (verdict["verdict"], verdict["how_known"]["source"]) == ("insured", "register")
    return int(verdict["how_known"]["serial"])


def _reader_pulled(visit: Visit) -> None:
    visit.machine.path(CONF).unlink()
    pulled = time.time()
    visit.machine.run("systemctl", "restart", "pcscd.service")
    until("the doctor misses it", lambda: _finding(visit, "reader") == "failed", _SECONDS)
    assert visit.technician.kiosk.frames(pulled), "the screen does not tell"


def _reader_plugged_in(visit: Visit) -> None:
    plugged = time.time()
    visit.technician.kiosk.port = put_in_reader(visit.machine)
    visit.machine.run("systemctl", "daemon-reload")
    visit.machine.run("systemctl", "restart", "pcscd.service")
    visit.technician.kiosk.wait_for_reader(plugged, _SECONDS)


def _finding(visit: Visit, name: str) -> str:
    said = visit.machine.run("kiosk", "doctor", "--json", check=False).stdout
    states = [one["state"] for one in json.loads(said)["findings"] if one["name"] == name]
    return str(states[0]) if states else ""


# At the kiosk: lines


def _installed(visit: Visit) -> None:
    assert f"OMS kiosk {visit.version} is installed" in visit.said
    visit.machine.run("systemctl", "is-enabled", "kiosk.service", "kiosk-update.timer")
    visit.technician.give_it_a_screen()


def _enrolled(visit: Visit) -> None:
    assert "kiosk 0412 is enrolled" in visit.said
    assert "signing key, tell the office: " in visit.said
    hurry(visit.machine)


def _restarted(visit: Visit) -> None:
    visit.technician.kiosk.wait_until_ready()
    visit.technician.kiosk.wait_for_reader()


def _list_taken(visit: Visit) -> None:
    """Also where the journal's words stand before it."""
    (line,) = [one for one in visit.said.splitlines() if '"outcome"' in one]
    outcome = json.loads(line[line.index("{") :])
    assert (outcome["outcome"], outcome["serial"]) == ("updated", visit.serial)


def _release_staged(visit: Visit) -> None:
    outcome = json.loads(visit.said)
    assert (outcome["outcome"], outcome["staged"]) == ("staged", visit.released), outcome


def _release_taken(visit: Visit) -> None:
    _release_staged(visit)
    visit.before, visit.version = visit.version, visit.released


def _status_told(visit: Visit) -> None:
    assert json.loads(visit.said)["current"] == visit.version, visit.said
    assert visit.version in visit.machine.run("kiosk", "--version").stdout


def _went_back(visit: Visit) -> None:
    left, visit.version = visit.version, visit.before
    assert left in status(visit.machine)["bad"]


def _all_well(visit: Visit) -> None:
    findings = json.loads(visit.said)["findings"]
    states = {one["name"]: one["state"] for one in findings}
    assert "failed" not in states.values()
    assert {states[name] for name in _NEEDED} == {"ok"}


def _lines_told(visit: Visit) -> None:
    assert visit.said.strip()


def _receipts_shown(visit: Visit) -> None:
    assert len(visit.said.splitlines()) == int(visit.words.split()[-1])


def _receipts_exported(visit: Visit) -> None:
    lines = visit.machine.path(f"{HOME}/{visit.words.split()[-1]}").read_text("utf-8").splitlines()
    receipts = [one for one in map(json.loads, lines) if "reason" in one]
    assert [one["reason"] for one in receipts] == ["insured"] * visit.taps


def _taken_away(visit: Visit) -> None:
    assert not visit.machine.path("/opt/oms-kiosk").exists()
    assert visit.machine.path("/etc/oms-kiosk/kiosk.toml").exists()
    assert list(visit.machine.path("/var/lib/oms-kiosk/register").iterdir())


_RELEASE: Final = r"[0-9]+\.[0-9]+\.[0-9]+"
_BUNDLE: Final = rf"oms-kiosk-{_RELEASE}-amd64"
PROMISES: Final[dict[Place, dict[str, Callable[[Visit], None]]]] = {
    Place.BUILD: {
        rf'make release( ARGS="--version {_RELEASE}")?': _nothing_more,
        rf"cp dist/{_BUNDLE}\.tar\.gz /media/stick": _nothing_more,
    },
    Place.OFFICE: {
        r"kiosk register enrol office --kiosk 0412 --out /media/stick .*": _nothing_more,
        r"kiosk register build --office office export\.csv": _nothing_more,
        r"kiosk register publish office( --stick /media/stick)?": _published,
        rf"kiosk register release office /media/stick/{_BUNDLE}\.tar\.gz .*": _released,
    },
    Place.KIOSK: {
        r"# put the stick in": _stick_put_in,
        rf"# put in a stick that is left alone, with {_RELEASE}": _other_stick_put_in,
        r"# take the stick out": _stick_taken_out,
        r"# hold a policy to the reader": _policy_held,
        r"# wait for the end of the trial": _trial_awaited,
        r"# pull the reader": _reader_pulled,
        r"# plug in another reader": _reader_plugged_in,
        r"sudo mount -o ro /dev/sda1 /mnt": _nothing_more,
        r"sudo umount /mnt": _nothing_more,
        rf"tar -xzf /mnt/{_BUNDLE}\.tar\.gz": _nothing_more,
        rf"sudo {_BUNDLE}/install\.sh": _installed,
        rf"sudo {_BUNDLE}/install\.sh --uninstall": _taken_away,
        r"sudo kiosk enrol --bundle /mnt/kiosk-0412\.oms-enrol": _enrolled,
        r"sudo systemctl restart kiosk": _restarted,
        r"sudo systemctl start kiosk-update": _nothing_more,
        r"sudo journalctl --unit kiosk-update --lines [0-9]+": _list_taken,
        r"cat /run/oms-stick/verify\.json": _list_taken,
        r"cat /run/oms-stick/software\.json": _release_staged,
        r"sudo kiosk software update( --from /mnt)?": _release_taken,
        r"sudo kiosk software status": _status_told,
        r"sudo kiosk software rollback": _went_back,
        r"sudo kiosk doctor": _lines_told,
        r"sudo kiosk doctor --json": _all_well,
        r"sudo kiosk journal show --last [0-9]+": _receipts_shown,
        r"sudo kiosk journal show --receipt [0-9]+": _lines_told,
        r"sudo kiosk journal verify": _lines_told,
        r"sudo kiosk journal export receipts\.jsonl": _receipts_exported,
    },
}
"""For each place, what its lines look like (remarks are deeds), and what holds after one."""


def promise_of(step: Step) -> tuple[str, Callable[[Visit], None]]:
    """The form of a line of the page, and what looks for what it promises.

    Raises:
        LookupError: no line looks like that.
    """
    words = f"# {step.words}" if step.by_hand else step.words
    for form, promise in PROMISES[step.place].items():
        if re.fullmatch(form, words):
            return form, promise
    raise LookupError(f"{step.place}: nobody knows what this line promises: {words}")
