"""What runs inside a network of its own: a client, a server in a second one, and one fault.

    python -m tests.flow.faulty_network ask CASE CERTIFICATES    in `unshare -Urnm`
    python -m tests.flow.faulty_network serve CERTIFICATES       in `unshare -n` in it

Two networks are joined by a pair of virtual cables (veth). Packets get lost where the cable leads
to a card that nobody has: a permanent neighbour entry stands for the answer to ARP.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from kiosk.demo.certificates import Certificates
from kiosk.online.client import Client
from kiosk.online.deadline import Deadline
from kiosk.online.errors import ServiceError
from tests.online.servers import Peer, RawServer, answer

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS: Final = 3.0
"""Where it is to run out."""
ENOUGH: Final = 30.0
SERVER: Final = "10.9.0.2"
NAME: Final = "fund.example"
_PORT: Final = 8443
_NOBODY: Final = "10.9.0.3"
_NO_CARD: Final = "02:00:00:00:00:99"
_WHOLE: Final = answer(200, bytes(2000))
_LOSSES: Final = {
    "link-lost": "link set fund0 down",
    "cable-lost": "link delete fund0",
    "address-lost": "address delete 10.9.0.1/24 dev fund0",
    "route-lost": "route delete 10.9.0.0/24 dev fund0",
    "packets-lost": f"neighbour replace {SERVER} lladdr {_NO_CARD} dev fund0 nud permanent",
}


def ip(command: str) -> None:
    """Change this process's network."""
    subprocess.run(["ip", *command.split()], check=True)


def use_resolver(address: str) -> None:
    """Send the system's questions for names to `address`, in this mount namespace alone."""
    files = {"resolv.conf": f"nameserver {address}\n", "nsswitch.conf": "hosts: files dns\n"}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            file = Path(folder) / name
            file.write_text(text, encoding="ascii")
            subprocess.run(["mount", "--bind", os.fspath(file), f"/etc/{name}"], check=True)


def ask(host: str, folder: Path, seconds: float = ENOUGH) -> dict[str, object]:
    """Ask once; how it ended and after how many seconds."""
    client = Client(f"https://{host}:{_PORT}/ask", folder / "ca.pem", folder / "client.pem")
    begun = time.monotonic()
    try:
        cause = str(client.post(b"question", {}, Deadline(seconds)).status)
    except ServiceError as error:
        cause = error.cause.value
    took = time.monotonic() - begun
    return {"cause": cause, "seconds": took, "threads": threading.active_count()}


@contextmanager
def cable(folder: Path) -> Iterator[IO[str]]:
    """A cable to a server in a network of its own, and the server's lines from now on."""
    ip("link add fund0 type veth peer name fund1")
    serve = [sys.executable, "-m", "tests.flow.faulty_network", "serve", os.fspath(folder)]
    with subprocess.Popen(
        ["unshare", "-n", *serve], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        assert server.stdout.readline() == "inside\n"
        ip(f"link set fund1 netns {server.pid}")
        ip("address add 10.9.0.1/24 dev fund0")
        ip("link set fund0 up")
        server.stdin.write("plugged\n")
        server.stdin.flush()
        assert server.stdout.readline() == "listening\n"
        try:
            yield server.stdout
        finally:
            server.kill()


def serve(folder: Path) -> None:
    """Answer, and from the second question on with half of the answer; until killed."""
    questions = iter(range(1_000_000))

    def act(peer: Peer) -> None:
        if next(questions) == 0:
            peer.send(_WHOLE)
            return
        peer.send(_WHOLE[:-1000])
        print("half", flush=True)
        peer.hang()

    print("inside", flush=True)
    sys.stdin.readline()
    ip(f"address add {SERVER}/24 dev fund1")
    ip("link set fund1 up")
    names = ("ca", "server", "expired", "client")
    certificates = Certificates(*(folder / f"{name}.pem" for name in names))
    with RawServer(act, certificates, place=(SERVER, _PORT)):
        print("listening", flush=True)
        sys.stdin.read()


def lost(case: str, folder: Path) -> list[dict[str, object]]:
    """A whole answer, then one in the middle of which the network is lost."""
    with cable(folder) as lines:
        asked = [ask(SERVER, folder)]

        def lose() -> None:
            assert lines.readline() == "half\n"
            ip(_LOSSES[case])

        losing = threading.Thread(target=lose)
        losing.start()
        asked.append(ask(SERVER, folder, SECONDS))
        losing.join()
        return asked


def packets_dropped(folder: Path) -> list[dict[str, object]]:
    """No packet reaches the server; then they do."""
    with cable(folder):
        ip(_LOSSES["packets-lost"])
        asked = [ask(SERVER, folder)]
        ip(f"neighbour delete {SERVER} dev fund0")
        return [*asked, ask(SERVER, folder)]


def plug_into_nothing() -> None:
    """A cable that leads nowhere."""
    ip("link add fund0 type veth peer name fund1")
    ip("address add 10.9.0.1/24 dev fund0")
    ip("link set fund0 up")
    ip("link set fund1 up")


def run(case: str, folder: Path) -> list[dict[str, object]]:
    """Play one fault."""
    ip("link set lo up")
    if case in _LOSSES:
        return lost(case, folder)
    if case == "packets-dropped":
        return packets_dropped(folder)
    if case == "nobody-listens":
        return [ask("127.0.0.1", folder)]
    if case == "no-route":
        return [ask(SERVER, folder)]
    use_resolver(_NOBODY)
    if case == "no-route-to-dns":
        return [ask(NAME, folder)]
    plug_into_nothing()
    if case == "nobody-there":
        return [ask(SERVER, folder)]
    ip(f"neighbour add {_NOBODY} lladdr {_NO_CARD} dev fund0 nud permanent")
    assert case == "dns-dead"
    return [ask(NAME, folder) for _ in range(5)]


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(Path(sys.argv[2]))
    else:
        print(json.dumps(run(sys.argv[2], Path(sys.argv[3]))))
