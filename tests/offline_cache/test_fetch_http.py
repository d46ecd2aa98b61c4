"""The web server's side of the world: real TLS, real sockets, and everything that goes wrong."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kiosk.demo.certificates import Certificates, make_certificates
from kiosk.demo.fund_server import Fault, FundServer
from offline_cache.address import AddressError, check_address
from offline_cache.errors import FetchError
from offline_cache.fetch import Deadline, MissingFileError, TooLongError, read_small
from offline_cache.fetch_http import HttpSource

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTENT = bytes(range(256)) * 1024
MOST = 2**20
NAME = "targets/register/base"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module", params=["http", "https"])
def served(
    request: pytest.FixtureRequest,
    certificates: Certificates,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[FundServer]:
    folder = tmp_path_factory.mktemp("www")
    (folder / "targets" / "register").mkdir(parents=True)
    (folder / "targets" / "register" / "base").write_bytes(CONTENT)
    with FundServer(folder, certificates if request.param == "https" else None) as server:
        yield server


@pytest.fixture
def server(served: FundServer) -> FundServer:
    served.clear_faults()
    served.requests.clear()
    return served


@pytest.fixture
def source(server: FundServer, certificates: Certificates) -> Iterator[HttpSource]:
    source = HttpSource(server.url, certificates.ca, "oms-kiosk/test")
    yield source
    source.close()


def read(source: HttpSource, *, seconds: float = 10, most: int = MOST, name: str = NAME) -> bytes:
    return read_small(source, name, Deadline(seconds), most=most)


def read_until(source: HttpSource, deadline: Deadline) -> bytes:
    with source.fetch(NAME, deadline, most=MOST) as fetched:
        return b"".join(fetched.chunks)


def test_a_file_is_read(source: HttpSource) -> None:
    assert read(source) == CONTENT
    assert read(source) == CONTENT


def test_a_moment_that_passes_meanwhile_is_told(source: HttpSource) -> None:
    seconds = iter([0.0, 0.5])
    with pytest.raises(FetchError, match="not done within 1 s"):
        # Not yet over when it is checked, over when the request is made.
        read_until(source, Deadline(1, lambda: next(seconds, 1.5)))


def test_reading_goes_on_where_it_broke(source: HttpSource, server: FundServer) -> None:
    with source.fetch(NAME, Deadline(10), most=MOST, offset=100_000) as fetched:
        assert fetched.start == 100_000
        assert b"".join(fetched.chunks) == CONTENT[100_000:]
    assert server.requests == [(f"/{NAME}", "bytes=100000-")]


def test_a_server_without_ranges_starts_over(source: HttpSource, server: FundServer) -> None:
    server.order("base", Fault.NO_RANGES)
    with source.fetch(NAME, Deadline(10), most=MOST, offset=100_000) as fetched:
        assert fetched.start == 0
        assert b"".join(fetched.chunks) == CONTENT


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (Fault.MISSING, MissingFileError, "not there"),
        (Fault.BROKEN, FetchError, "answered HTTP 500"),
        (Fault.REDIRECT, FetchError, "sends elsewhere"),
        (Fault.CUT, FetchError, "the connection broke before the end"),
        (Fault.SHORT, FetchError, "the connection broke before the end"),
        (Fault.PACKED, FetchError, "packed"),
        (Fault.ENDLESS, TooLongError, "longer than it may be"),
    ],
)
def test_a_fault_is_said(
    source: HttpSource, server: FundServer, fault: Fault, kind: type[Exception], words: str
) -> None:
    server.order("base", fault)
    with pytest.raises(kind, match=words):
        read(source)
    server.clear_faults()
    assert read(source) == CONTENT, "the next fetch must not suffer"


def test_another_part_than_asked_for_is_refused(source: HttpSource, server: FundServer) -> None:
    server.order("base", Fault.WRONG_RANGE)
    with (
        pytest.raises(FetchError, match="another part"),
        source.fetch(NAME, Deadline(10), most=MOST, offset=100),
    ):
        pass
    with (
        pytest.raises(FetchError, match="less of it"),
        source.fetch(NAME, Deadline(10), most=MOST, offset=len(CONTENT)),
    ):
        pass


def test_a_length_over_the_limit_is_refused_unread(source: HttpSource) -> None:
    with pytest.raises(TooLongError, match="262144 bytes, longer than it may be"):
        read(source, most=1000)


@pytest.mark.parametrize("fault", [Fault.DRIP, Fault.DRIP_HEAD, Fault.STALL, Fault.SILENT])
def test_nobody_holds_a_kiosk_longer_than_its_deadline(
    source: HttpSource, server: FundServer, fault: Fault
) -> None:
    server.order("base", fault)
    began = time.monotonic()
    with pytest.raises(FetchError, match=r"not done within|went silent"):
        read(source, seconds=0.6)
    assert time.monotonic() - began < 20.0
    server.clear_faults()
    assert read(source) == CONTENT


def test_a_servers_certificate_must_come_from_the_pinned_authority(
    tmp_path: Path, certificates: Certificates
) -> None:
    stranger = make_certificates(tmp_path / "stranger")
    with FundServer(tmp_path, stranger) as server:
        source = HttpSource(server.url, certificates.ca, "oms-kiosk/test")
        with pytest.raises(FetchError, match="the server's certificate"):
            read(source)
        assert server.requests == []
        source.close()


def test_a_certificate_for_another_address_is_refused(tmp_path: Path) -> None:
    other = make_certificates(tmp_path / "other", host="127.0.0.2")
    with FundServer(tmp_path, other) as server:
        source = HttpSource(server.url, other.ca, "oms-kiosk/test")
        with pytest.raises(FetchError, match="the server's certificate"):
            read(source)
        source.close()


def test_proxies_of_the_environment_are_ignored(
    source: HttpSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert read(source) == CONTENT


def test_a_server_that_does_not_run_is_said(tmp_path: Path) -> None:
    server = FundServer(tmp_path)
    server.stop()
    source = HttpSource(server.url, None, "oms-kiosk/test")
    with pytest.raises(FetchError, match="does the server run"):
        read(source)
    source.close()


def test_a_ca_file_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    for name in ("ca.pem", "missing.pem"):
        with pytest.raises(FetchError, match=f"{name}: no certificate authority"):
            HttpSource("https://127.0.0.1:1/", tmp_path / name, "oms-kiosk/test")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://fund.example/register", "plain http only reaches this machine"),
        ("http://10.0.0.1/", "plain http only reaches this machine"),
        ("ftp://fund.example/", "not an address such as"),
        ("fund.example", "not an address such as"),
        ("https://", "not an address such as"),
        ("https://fund.example:x/", "not an address"),
        ("https://[::1", "not an address"),
        ("https://name:word@fund.example/", "no name, password"),
        ("https://fund.example/?a=b", "no name, password"),
        ("https://фонд.example/", "no name, password"),
    ],
)
def test_an_address_must_be_one_that_can_be_trusted(url: str, words: str) -> None:
    with pytest.raises(AddressError, match=words):
        check_address(url, Path("ca.pem"))


def test_https_needs_a_pinned_authority() -> None:
    with pytest.raises(AddressError, match="https needs ca_file"):
        check_address("https://fund.example/", None)
    check_address("http://127.0.0.1:8080/", None)
    check_address("http://[::1]:8080/", None)
