"""What differs where the tests run on an emulated processor: `make test-arm64` loads this plugin.

Emulation is slow, and user emulation is no kernel: a process cannot be traced, and what is asked of
`/proc` is answered by the real machine. What cannot run there is skipped aloud, for a reason below.
Tests that need a program which the emulated system lacks skip themselves, also aloud: strace
cannot trace there; a browser, a database and shellcheck tell nothing of the kiosk's processor.
"""

from __future__ import annotations

from typing import Final

import pytest

PATIENCE: Final = 10
"""A test may take as many times its limit (pytest's `timeout`)."""

_NETWORK: Final = "tests/flow/test_network.py::test_faults_of_the_network"
_NEIGHBOURS: Final = "it hands no change of the network's neighbours to the kernel"

CANNOT: Final = {
    "tests/boot/": "boots a machine: make test-boot",
    "tests/fuzz/": "millions of cases: make fuzz",
    "tests/test_benchmarks.py": "measures, and emulation is no measure",
    "tests/test_readme.py::test_a_make_target_exists": "there is no make, and none is needed",
    "tests/test_readme.py::test_the_layout_table": "the tree is a copy without git",
    "tests/test_readme.py::test_only_what_belongs": "the tree is a copy without git",
    "tests/drivers/test_scanner.py::test_baud_rate_does_not_matter_to_a_terminal[123457": (
        "it knows no speed of a serial line but the usual ones"
    ),
    f"{_NETWORK}[packets-lost": _NEIGHBOURS,
    f"{_NETWORK}[packets-dropped": _NEIGHBOURS,
    f"{_NETWORK}[dns-dead": _NEIGHBOURS,
    "tests/kiosk/doctor/test_scanner.py::test_a_scanner_that_the_kiosk_listens_to": (
        "what /proc says of a process is about the emulator"
    ),
    "tests/kiosk/doctor/test_command.py::test_a_file_that_hangs_holds_up_no_other_check": (
        "the doctor's seconds are too few for emulated checks"
    ),
}
"""Starts of names of tests, and why emulation cannot run them."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what cannot run, and give the rest their time."""
    for item in items:
        for start, why in CANNOT.items():
            if item.nodeid.startswith(start):
                item.add_marker(pytest.mark.skip(reason=f"on an emulated processor: {why}"))
        own = item.get_closest_marker("timeout")
        limit = float(own.args[0] if own else item.config.getini("timeout"))
        item.add_marker(pytest.mark.timeout(limit * PATIENCE), append=False)
