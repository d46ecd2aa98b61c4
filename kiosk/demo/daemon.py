"""A pcscd of our own, with virtual readers, that no other program on the machine sees.

It runs in private mount and process namespaces with its own `/run`, so that the system's pcscd is
neither touched nor needed and several can run side by side. No root is needed where the kernel
allows user namespaces. Where it allows none at all, as in most containers, root may still run a
single one in the place of the system's, if that is not running.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import random
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable

_LIBRARY = "pcsc/drivers/serial/libifdvpcd.so"
_START_S = 10.0
_POLL_S = 0.01
# Below the range that Linux gives to outgoing connections, so that none takes them meanwhile.
_PORTS = range(20_000, 32_000, 2)
_IN_NAMESPACE = """
mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/pcscd &&
mount --bind "$1/run" /run/pcscd && exec pcscd --foreground --config "$1/conf"
"""
_IN_THE_OPEN = 'mkdir -p /run/pcscd && exec pcscd --foreground --config "$1/conf"'
_SYSTEM_SOCKET = Path("/run/pcscd/pcscd.comm")
_READER = """FRIENDLYNAME "Virtual PCD"
DEVICENAME /dev/null:0x{port:X}
LIBPATH {library}
CHANNELID 0x{port:X}
"""

SOCKET_VARIABLE: Final = "PCSCLITE_CSOCK_NAME"
"""Environment variable that leads libpcsclite to a socket."""


class DaemonUnavailableError(Exception):
    """This machine cannot run a private pcscd; the message says what is missing."""


class PrivatePcscd:
    """A pcscd with one virtual reader of two slots, at `ports`; its socket is `socket_path`.

    Usable as a context manager, which starts and stops it.
    """

    def __init__(self) -> None:
        """Prepare the folders; nothing runs yet.

        Raises:
            DaemonUnavailableError: a program or library is missing.
        """
        self._library = _find_library()
        for program, package in (("pcscd", "pcscd"), ("unshare", "util-linux")):
            if shutil.which(program, path=_search_path()) is None:
                raise DaemonUnavailableError(f"{program} is missing: apt install {package}")
        self.ports = _free_ports()
        self._folder = Path(tempfile.mkdtemp(prefix="pcscd-"))
        (self._folder / "conf").mkdir()
        (self._folder / "run").mkdir()
        self._process: subprocess.Popen[bytes] | None = None
        self._namespaces = namespaces()
        if self._namespaces is None:
            self.socket_path = _SYSTEM_SOCKET
            self._take_the_systems_place()
        else:
            self.socket_path = self._folder / "run" / "pcscd.comm"
        self._plug(plugged=True)

    def __enter__(self) -> Self:
        """The running daemon."""
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.stop()

    def serve_this_process(self) -> None:
        """Lead this process's PC/SC clients, and those of processes it starts, to this daemon.

        libpcsclite reads the variable once in a process's life: see `lead_clients_to`.
        """
        lead_clients_to(self.socket_path)

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and wait until it accepts clients.

        Raises:
            DaemonUnavailableError: it does not come up; the message holds its last words.
        """
        if self.is_running:
            return
        self._clear()
        if self._namespaces is None:
            command = ["sh", "-c", _IN_THE_OPEN]
        else:
            command = ["unshare", self._namespaces, "--kill-child", "sh", "-c", _IN_NAMESPACE]
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "sh", os.fspath(self._folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PATH": _search_path()},
                start_new_session=True,
            )
        self._wait_until_accepting()

    def kill(self) -> None:
        """End it without warning, as a crash does, and wait until its sockets are gone."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        self._process = None
        _wait(lambda: not self._accepts())

    def restart(self) -> None:
        """Kill it and start it again, with the same ports and socket."""
        self.kill()
        self.start()

    def stop(self) -> None:
        """End it and remove its folders; it cannot be started again."""
        self.kill()
        self._clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _clear(self) -> None:
        """Remove what a killed pcscd leaves: with it there the next one would not start."""
        for stale in self.socket_path.parent.glob("pcscd.*"):
            stale.unlink(missing_ok=True)

    def unplug_reader(self) -> None:
        """Take the virtual reader away. pcscd drops such readers only by starting without them."""
        self._plug(plugged=False)
        self.restart()

    def replug_reader(self) -> None:
        """Bring the virtual reader back."""
        self._plug(plugged=True)
        self.restart()

    def _take_the_systems_place(self) -> None:
        if os.geteuid() == 0 and not self._accepts():
            return
        shutil.rmtree(self._folder)
        raise DaemonUnavailableError(
            "no namespaces here (unshare), and not root or a pcscd is running already"
        )

    def _plug(self, *, plugged: bool) -> None:
        text = _READER.format(port=self.ports[0], library=self._library) if plugged else ""
        (self._folder / "conf" / "vpcd").write_text(text, encoding="ascii")

    def _wait_until_accepting(self) -> None:
        _wait(lambda: self._accepts() or not self.is_running)
        if self.is_running and self._accepts():
            return
        log = (self._folder / "log").read_text(encoding="utf-8", errors="replace").strip()
        self.kill()
        raise DaemonUnavailableError(f"a private pcscd does not come up: {log[-500:]}")

    def _accepts(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
            probe.connect(os.fspath(self.socket_path))
            return True
        return False


@functools.cache
def namespaces() -> str | None:
    """The flags with which `unshare` gives private namespaces here; None where it cannot."""
    for flags in ("-Urmpf", "-mpf"):
        probe = ["unshare", flags, "--kill-child", "mount", "-t", "tmpfs", "tmpfs", "/run"]
        with contextlib.suppress(OSError):
            if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
                return flags
    return None


def lead_clients_to(socket: Path) -> None:
    """Lead this process's PC/SC clients to a socket, which nobody need listen to.

    The variable names a link that stays the same, since libpcsclite reads it once; the link leads
    to the socket that was named last.
    """
    link = _client_link()
    fresh = link.with_name("fresh")
    fresh.symlink_to(socket)
    fresh.replace(link)
    os.environ[SOCKET_VARIABLE] = os.fspath(link)


@functools.cache
def _client_link() -> Path:
    """Where this process's clients look for their daemon; goes when the process ends."""
    folder = tempfile.mkdtemp(prefix="pcscd-client-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder) / "pcscd.comm"


def _search_path() -> str:
    """PATH with the folders of system programs, which users do not always have."""
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


def _find_library() -> Path:
    """The vpcd driver, wherever the distribution's multiarch layout puts it."""
    for folder in (Path("/usr/lib"), Path("/usr/local/lib")):
        for candidate in (folder / _LIBRARY, *folder.glob(f"*/{_LIBRARY}")):
            if candidate.exists():
                return candidate
    raise DaemonUnavailableError("libifdvpcd.so is missing: apt install vsmartcard-vpcd")


def _free_ports() -> tuple[int, int]:
    """Two neighbouring TCP ports that nobody listens on."""
    for port in random.SystemRandom().sample(_PORTS, 50):
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("", port))
                second.bind(("", port + 1))
            except OSError:
                continue
            return port, port + 1
    raise DaemonUnavailableError("no two neighbouring TCP ports are free")


def _wait(condition: Callable[[], bool]) -> None:
    """Until the condition holds, `_START_S` at most."""
    deadline = time.monotonic() + _START_S
    while not condition() and time.monotonic() < deadline:
        time.sleep(_POLL_S)
