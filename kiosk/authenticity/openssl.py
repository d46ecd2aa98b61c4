"""GOST signatures through the system's `openssl` and its gost engine, a process for each.

The engine would have to be loaded into our own process otherwise, with all that hostile keys and
signatures may do to it. Arguments are fixed; key, signature and data are anonymous files in memory,
so nothing of a document reaches a disk. Output is bounded by the kernel: the files it goes to
cannot grow.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kiosk.authenticity.known_answers import KNOWN_ANSWERS
from kiosk.authenticity.model import CannotTellError, Why

if TYPE_CHECKING:
    from collections.abc import Iterator

DIGESTS: Final = {
    "gost2001": "md_gost94",
    "gost2012_256": "md_gost12_256",
    "gost2012_512": "md_gost12_512",
}
"""The engine's digest for each algorithm of keys: 34.11-94, then Streebog of 256 and 512 bits."""

_MAX_OUTPUT: Final = 64 << 10
_YES: Final = b"Verified OK\n"
_NO: Final = b"Verification failure\n"
# The engine answers "no" for want of memory, too; these two are about the signature alone.
_WRONG: Final = (b":signature mismatch:", b":signature parts greater than q:")


@dataclass(frozen=True)
class OpenSsl:
    """The program and its engine."""

    program: Path = Path("/usr/bin/openssl")
    engines: Path | None = None
    """Folder of the engines; None: where the program looks by itself."""
    timeout_seconds: float = 1.0
    """For each call."""
    _sound: set[str] = field(default_factory=set, repr=False, compare=False)
    """Algorithms whose known answers came out right."""

    def verify(self, algorithm: str, key: bytes, data: bytes, signature: bytes) -> bool:
        """Whether a GOST key (SubjectPublicKeyInfo) made the signature over `data`.

        Raises:
            CannotTellError: the engine is missing, hangs or fails: neither yes nor no.
        """
        self._prove(algorithm)
        answer = self._ask(algorithm, key, data, signature)
        if answer is None:
            raise CannotTellError(Why.FAILED, f"openssl gave no answer about a {algorithm} key")
        return answer

    def _prove(self, algorithm: str) -> None:
        """Once: a right signature must be called right, and a wrong one wrong."""
        if algorithm in self._sound:
            return
        known = KNOWN_ANSWERS[algorithm]
        right = self._ask(algorithm, known.key, known.data, known.signature)
        if right is not True or self._ask(algorithm, known.key, b"", known.signature) is not False:
            raise CannotTellError(
                Why.ENGINE_MISSING,
                f"{self.program} with engine gost cannot compute {algorithm};"
                " install openssl and libengine-gost-openssl",
            )
        self._sound.add(algorithm)

    def _ask(self, algorithm: str, key: bytes, data: bytes, signature: bytes) -> bool | None:
        """One process; None: it could not tell."""
        with ExitStack() as stack:
            read = [stack.enter_context(_memory(content)) for content in (key, signature, data)]
            out, err = (stack.enter_context(_bounded_memory()) for _ in range(2))
            key_path, signature_path, data_path = (f"/dev/fd/{number}" for number in read)
            command = (
                *(str(self.program), "dgst", "-engine", "gost", f"-{DIGESTS[algorithm]}"),
                *("-keyform", "DER", "-verify", key_path, "-signature", signature_path, data_path),
            )
            code = self._run(command, read, out, err)
            return _answer(code, _written(out), _written(err))

    def _run(self, command: tuple[str, ...], read: list[int], out: int, err: int) -> int:
        """The exit code."""
        # No configuration of the machine's: it may load other engines and providers.
        environment = {"LC_ALL": "C", "OPENSSL_CONF": "/dev/null"}
        if self.engines is not None:
            environment["OPENSSL_ENGINES"] = str(self.engines)
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                pass_fds=read,
                env=environment,
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            reason = error.strerror or "cannot be started"
            raise CannotTellError(Why.ENGINE_MISSING, f"{self.program}: {reason}") from None
        try:
            if not _ends_within(process.pid, self.timeout_seconds):
                message = f"{self.program} took more than {self.timeout_seconds:g} s"
                raise CannotTellError(Why.TIMEOUT, message)
        finally:
            # Its whole session: a wrapper's children would live on. Nobody else has the number
            # before `wait`.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return process.returncode


def _answer(code: int, out: bytes, err: bytes) -> bool | None:
    if code == 0 and out == _YES:
        return True
    if code == 1 and out == _NO and any(reason in err for reason in _WRONG):
        return False
    return None


def _ends_within(pid: int, seconds: float) -> bool:
    # `Popen.wait` with a limit looks again in growing steps, which would double these few ms.
    watch = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(watch, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    finally:
        os.close(watch)


@contextlib.contextmanager
def _memory(content: bytes) -> Iterator[int]:
    """A file in memory with some content."""
    number = os.memfd_create("kiosk-authenticity")
    try:
        written = 0
        while written < len(content):
            written += os.write(number, content[written:])
        yield number
    finally:
        os.close(number)


@contextlib.contextmanager
def _bounded_memory() -> Iterator[int]:
    """A file in memory that takes `_MAX_OUTPUT` bytes and refuses more."""
    number = os.memfd_create("kiosk-authenticity", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(number, _MAX_OUTPUT)
        fcntl.fcntl(number, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW)
        yield number
    finally:
        os.close(number)


def _written(number: int) -> bytes:
    """What was written to a bounded file: its offset, which is shared, tells how much."""
    return os.pread(number, min(os.lseek(number, 0, os.SEEK_CUR), _MAX_OUTPUT), 0)
