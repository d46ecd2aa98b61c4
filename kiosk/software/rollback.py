"""Switches a kiosk from one release to another and back.

    rollback trial [FOLDER]    try what is staged: switch, restart, watch; keep it or go back
    rollback settle [FOLDER]   go back from a trial that nobody watches: at boot, and when the
                               trial was killed (`OnFailure=`)
    rollback back [FOLDER]     a technician's way back to the previous release

Runs from `/opt/oms-kiosk/rollback`, outside every release (see `standalone`), so that no release
can break the way back. A link changes by the rename of a new one, and only after the state on the
disk says so: whenever the power fails, `current` leads to a whole release, and `settle` finds out
which it must be. Units belong to the release: systemd takes them in after each switch, and at
boot. A release that was kept renews the way back too (`Machine.renew`), and no other does.
"""

from __future__ import annotations

import re
import signal
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kiosk.software.links import (
    MOST_BAD,
    Phase,
    State,
    SwitchError,
    clear,
    is_whole,
    linked,
    locked,
    point,
    read_state,
    say,
    sync,
    write_state,
)
from kiosk.software.systemd import READY_SECONDS, Systemd

if TYPE_CHECKING:
    from kiosk.software.systemd import Machine

FOLDER: Final = Path("/opt/oms-kiosk")
_LOOK_SECONDS: Final = 0.5
_LOCK_SECONDS: Final = 800.0
"""Longer than any trial, whose end makes whoever waits superfluous."""
_INTERRUPTED: Final = 3
"""Trials that somebody ended in order, before the release counts as bad after all."""


def trial(folder: Path, machine: Machine) -> bool:
    """Try what is staged; whether it was kept, or nothing was staged.

    Raises:
        SwitchError: somebody else is at it.
        OSError: the disk failed; `settle` finds the way.
    """
    with locked(folder):
        state = read_state(folder)
        before, version = linked(folder, "current"), state.version
        if state.phase is not Phase.STAGED:
            return True
        whole = before is not None and version is not None and is_whole(folder, version)
        # Else somebody has installed that one, or a newer one, since.
        if not whole or _order(str(version)) <= _order(str(before)):
            write_state(folder, replace(state, phase=Phase.GOOD))
            return True
        older = linked(folder, "previous")
        state = replace(state, phase=Phase.TRIAL, before=before, older=older)
        write_state(folder, state)
        try:
            point(folder, "previous", before)
            point(folder, "current", version)
            say(f"release {version}: on trial for {state.trial_seconds} s")
            why = _watch(folder, machine, state)
        except OSError as error:
            why = f"the disk did not take the switch: {error.strerror}"
        except KeyboardInterrupt:
            _go_back(folder, machine, _interrupted(state), wait=False)
            return False
        if why:
            _go_back(folder, machine, _condemned(state, why), wait=True)
            return False
        _keep(folder, machine, state)
        return True


def settle(folder: Path, machine: Machine, *, wait: float = _LOCK_SECONDS) -> bool:
    """Leave a trial that nobody watches; whether something had to be done.

    Raises:
        SwitchError: somebody was at it for all that time.
        OSError: the disk failed.
    """
    with locked(folder, wait):
        state = read_state(folder)
        here = linked(folder, "current")
        if state.phase is Phase.TRIAL and here == state.before:
            # The power failed before the switch; or on the way back, from a disk that was full.
            gone = not is_whole(folder, state.version)
            after = _condemned(state, "its trial was left") if gone else state
            point(folder, "previous", state.older)
            write_state(folder, replace(after, phase=Phase.GOOD if gone else Phase.STAGED))
        elif state.phase is Phase.TRIAL and here in {None, state.version}:
            _go_back(folder, machine, _condemned(state, "its trial did not end"), wait=False)
        elif state.phase is Phase.TRIAL:
            # Somebody has installed a third one since; theirs is the last word.
            write_state(folder, replace(state, phase=Phase.GOOD))
        elif state.phase is Phase.BACK:
            _go_back(folder, machine, state, wait=False)
        elif here is None and (folder / "releases").is_dir():
            target = _way_back(folder, state)
            point(folder, "current", target)
            machine.reload(None, _release(folder, target))
            machine.bounce(wait=False)
        else:
            return False
        return True


def back(folder: Path, machine: Machine) -> str:
    """Go to the previous release, and never again to this one; the release that runs then.

    Raises:
        SwitchError: there is none, or somebody else is at it.
        OSError: the disk failed.
    """
    with locked(folder):
        state = read_state(folder)
        if state.phase in {Phase.GOOD, Phase.STAGED}:
            here, before = linked(folder, "current"), linked(folder, "previous")
            if before is None or before == here:
                raise SwitchError(f"{folder}: there is no previous release")
            state = replace(state, version=here, before=before, older=None)
        _go_back(folder, machine, _condemned(state, "left by hand"), wait=True)
        return state.before or ""


def confirm(folder: Path, machine: Machine) -> str:
    """Keep a release that is on trial and that nobody watches; which.

    Raises:
        SwitchError: there is none, or it is being watched.
        OSError: the disk failed.
    """
    with locked(folder):
        state = read_state(folder)
        if state.phase is not Phase.TRIAL or linked(folder, "current") != state.version:
            raise SwitchError(f"{folder}: no release is on trial")
        _keep(folder, machine, state)
        return state.version or ""


def _watch(folder: Path, machine: Machine, state: State) -> str:
    """What is wrong with the release on trial; empty: nothing."""
    release = _release(folder, str(state.version))
    machine.reload(_release(folder, str(state.before)), release)
    if not machine.knows(release):
        return "its units are not right"
    if not machine.restart(READY_SECONDS):
        return "it did not come up"
    end = machine.monotonic() + state.trial_seconds
    mark = machine.look()
    if mark is None:
        return "it fell over at once"
    if not machine.doctor(release):
        return "its doctor found a fault"
    while machine.look() == mark:
        left = end - machine.monotonic()
        if left <= 0:
            return ""
        machine.sleep(min(left, _LOOK_SECONDS))
    return "it fell over"


def _keep(folder: Path, machine: Machine, state: State) -> None:
    write_state(folder, replace(state, phase=Phase.GOOD, boots=0))
    say(f"release {state.version}: kept")
    machine.renew(folder, _release(folder, str(state.version)))
    clear(folder, state.version, state.before)


def _condemned(state: State, why: str) -> State:
    bad = (*(one for one in state.bad if one != state.version), str(state.version))
    return replace(state, phase=Phase.BACK, bad=bad[-MOST_BAD:], why=why)


def _interrupted(state: State) -> State:
    if state.boots + 1 >= _INTERRUPTED:
        return _condemned(state, "its trials were ended before their time")
    return replace(state, phase=Phase.BACK, boots=state.boots + 1)


def _go_back(folder: Path, machine: Machine, state: State, *, wait: bool) -> None:
    """Make `before`, or else whatever is whole, the current release, and run it."""
    target = _way_back(folder, state)
    say(f"release {state.version}: {state.why or 'left'}; back to {target}")
    with suppress(OSError):  # a full disk does not stop the way back
        write_state(folder, state)
    try:
        point(folder, "current", target)
    except OSError:
        if linked(folder, "previous") != target:
            raise
        # This takes no room at all.
        (folder / "previous").rename(folder / "current")
        sync(folder)
    left = _release(folder, str(state.version)) if is_whole(folder, state.version) else None
    machine.reload(left, _release(folder, target))
    machine.bounce(wait=wait)
    condemned = state.version in state.bad
    older = state.older if state.older != target and is_whole(folder, state.older) else None
    # Makes room, where that was what failed.
    clear(folder, target, older, None if condemned else state.version)
    point(folder, "previous", older)
    write_state(folder, replace(state, phase=Phase.GOOD if condemned else Phase.STAGED))


def _release(folder: Path, version: str) -> Path:
    return folder / "releases" / version


def _way_back(folder: Path, state: State) -> str:
    """The release to go back to: `before`, or the newest that is whole and not bad."""
    if state.before is not None and is_whole(folder, state.before):
        return state.before
    found = [path.name for path in (folder / "releases").iterdir()]
    whole = [one for one in found if one not in state.bad and is_whole(folder, one)]
    if not whole:
        raise SwitchError(f"{folder}: no whole release is left; install one")
    return max(whole, key=_order)


def _order(version: str) -> list[int]:
    """What versions are compared by."""
    return [int(part) for part in re.findall(r"[0-9]+", version)]


def main(arguments: list[str]) -> int:
    """Do what is asked: 0 done, 1 a release was left, 2 usage, 6 disk."""
    command = arguments[0] if arguments else ""
    folder = Path(arguments[1]) if len(arguments) > 1 else FOLDER
    # Told to end, a trial goes back in order; see `trial`.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        match command:
            case "trial":
                return 0 if trial(folder, Systemd()) else 1
            case "settle":
                settle(folder, Systemd())
            case "back":
                back(folder, Systemd())
            case _:
                print("usage: rollback trial|settle|back [FOLDER]", file=sys.stderr)
                return 2
    except SwitchError as error:
        print(f"rollback: {error}", file=sys.stderr)
        return 6
    except OSError as error:
        print(f"rollback: {error.filename or folder}: {error.strerror}", file=sys.stderr)
        return 6
    except KeyboardInterrupt:  # on the way back; the state says so, and `settle` goes on
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
