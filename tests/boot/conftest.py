"""Fixtures of the boot tests: images from the cache, machines that boot them, kiosks on them."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Final, Protocol

import pytest

from tests.boot.appliance import Appliance
from tests.boot.fund import BootFund
from tests.boot.image import plain_image, what_is_missing
from tests.boot.machine import Machine
from tests.boot.rounds import ROUNDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, aloud, what cannot or shall not run here; give the rest the time that boots take."""
    why = "" if os.environ.get("BOOT_TESTS") else "runs with make test-boot"
    why = why or what_is_missing()
    for item in items:
        if "tests/boot/" in item.path.as_posix():
            item.add_marker(pytest.mark.timeout(900 + 60 * ROUNDS))
            if why:
                item.add_marker(pytest.mark.skip(reason=f"no machine is booted: {why}"))


class MakeMachine(Protocol):
    """Puts a machine together, which is off; it goes when the test ends."""

    def __call__(self, layers: Sequence[Path], *, disk_mb: int = ...) -> Machine:
        """The machine."""
        ...


class Plain(Protocol):
    """Puts a machine together without the kiosk; it goes when the test ends."""

    def __call__(self, *, disk_mb: int = ...) -> Machine:
        """One that is off."""
        ...


class MakeKiosk(Protocol):
    """Puts a kiosk together; it goes when the test ends."""

    def __call__(self, *, with_list: bool = ..., disk_mb: int = ...) -> Appliance:
        """One that is off."""
        ...


_MEASURED: Final = "measured: "
_MACHINES: Final = pytest.StashKey[list[Machine]]()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """With a test that failed, show what its machines said last."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]  # pluggy hands it in
    for machine in item.stash.get(_MACHINES, []) if report.when == "call" and report.failed else ():
        report.sections.append(("journal", machine.last_words()))


@pytest.fixture
def make_machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeMachine]:
    """Machines of any layers."""
    machines: list[Machine] = []
    request.node.stash[_MACHINES] = machines
    numbers = itertools.count()

    def make(layers: Sequence[Path], *, disk_mb: int = 512) -> Machine:
        machines.append(Machine(layers, tmp_path / f"m{next(numbers)}", disk_mb=disk_mb))
        return machines[-1]

    yield make
    for machine in machines:
        machine.remove()


@pytest.fixture
def plain(make_machine: MakeMachine) -> Plain:
    """Machines with a Debian on which nothing of ours is installed."""

    def make(*, disk_mb: int = 256) -> Machine:
        return make_machine([plain_image()], disk_mb=disk_mb)

    return make


@pytest.fixture(scope="session")
def fund_of_this_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BootFund]:
    """A fund whose first list was published."""
    with BootFund(tmp_path_factory.mktemp("boot") / "fund") as fund:
        yield fund


@pytest.fixture
def own_fund(tmp_path: Path) -> Iterator[BootFund]:
    """A fund for tests that publish."""
    with BootFund(tmp_path / "fund") as fund:
        yield fund


@pytest.fixture
def make_kiosk(make_machine: MakeMachine, fund_of_this_process: BootFund) -> MakeKiosk:
    """Kiosks that are installed and enrolled, with the fund's first list."""
    return kiosks_of(make_machine, fund_of_this_process)


@pytest.fixture
def kiosk(make_kiosk: MakeKiosk) -> Appliance:
    """A kiosk that was booted and is ready."""
    return started(make_kiosk())


def kiosks_of(make_machine: MakeMachine, fund: BootFund) -> MakeKiosk:
    """Puts kiosks of a fund together."""

    def make(*, with_list: bool = True, disk_mb: int = 512) -> Appliance:
        machine = make_machine(fund.enrolled(), disk_mb=disk_mb)
        return Appliance(machine, fund.register if with_list else None)

    return make


def started(appliance: Appliance) -> Appliance:
    """Boot a kiosk and wait until it is ready and its reader is there."""
    appliance.machine.boot()
    appliance.wait_until_ready()
    appliance.wait_for_reader()
    return appliance


@pytest.fixture
def measured(record_property: Callable[[str, object], None]) -> Callable[[str, float], None]:
    """Notes a number of the appliance; they are all printed at the end."""

    def note(what: str, number: float) -> None:
        record_property(f"{_MEASURED}{what}", number)

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was measured."""
    reports = [one for some in terminalreporter.stats.values() for one in some]
    for report in reports:
        for name, number in getattr(report, "user_properties", ()):
            if name.startswith(_MEASURED) and report.when == "call":
                terminalreporter.write_line(f"{name}: {number:.2f}")
