"""Finds out, by trying, whether this place lets a Debian boot and its units be sealed off.

Root in a container may have all programs and still not be allowed to: no control groups to write,
no mounts, no namespaces inside of namespaces. Nothing of ours is on the machine that is tried, so
whatever fails here is the place's doing, and whatever fails later is the kiosk's.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.boot.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Sequence

_SEALED: Final = (
    *("systemd-run", "--wait", "--collect", "--quiet", "--property=User=nobody"),
    *("--property=PrivateTmp=yes", "--property=PrivateMounts=yes", "--property=PrivateDevices=yes"),
    *("--property=PrivateNetwork=yes", "--property=ProtectSystem=strict"),
    *("--property=ProtectKernelTunables=yes", "--property=NoNewPrivileges=yes"),
    *("--property=SystemCallFilter=@system-service", "--property=MemoryMax=64M"),
)
"""What our units ask of the kernel."""


def why_not(layers: Sequence[Path]) -> str:
    """Why a machine of these layers cannot be booted here; empty if it can.

    Every wait in it ends: at worst after three minutes.
    """
    with tempfile.TemporaryDirectory(prefix="oms-probe-") as folder:
        try:
            with Machine(layers, Path(folder) / "m", disk_mb=128) as machine:
                state = machine.run("systemctl", "is-system-running", check=False).stdout.strip()
                if state != "running":
                    return f"a plain Debian boots here, but is {state}"
                machine.run(*_SEALED, "/bin/true")
        # CommandError and TooLateError are assertions; the last lines of a console say most.
        except (AssertionError, OSError, subprocess.TimeoutExpired) as error:
            return f"a plain Debian does not boot here: {str(error)[-500:]}"
    return ""
