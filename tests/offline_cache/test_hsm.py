"""Keys on a token: SoftHSM stands for the hardware, PKCS#11 is real."""

from __future__ import annotations

import shutil
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from offline_cache.errors import OfficeError
from offline_cache.publisher import repository
from offline_cache.publisher.init import init_office
from offline_cache.publisher.metadata import Published
from offline_cache.publisher.office import Office, Settings
from offline_cache.publisher.publish import publish
from offline_cache.publisher.rotation import rotate_key
from offline_cache.publisher.signing import KeyNotAtHandError, KeyRing
from tests.offline_cache.offices import Client, add_list, entries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIBRARY = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "1234"

pkcs11 = pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed (extra hsm)")
pytestmark = pytest.mark.skipif(
    shutil.which("softhsm2-util") is None, reason="softhsm2 is not installed"
)


@pytest.fixture(name="token", scope="module")
def _token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A token `fund` with EC keys 2 and 3; its label."""
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    conf = folder / "softhsm2.conf"
    conf.write_text(f"directories.tokendir = {folder}/tokens\n", encoding="ascii")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(conf))
        patch.setenv("PYKCS11LIB", LIBRARY)
        command = ["softhsm2-util", "--init-token", "--free", "--label", "fund"]
        subprocess.run([*command, "--pin", PIN, "--so-pin", "5678"], check=True)
        token = pkcs11.lib(LIBRARY).get_token(token_label="fund")
        with token.open(user_pin=PIN, rw=True) as session:
            curve = pkcs11.util.ec.encode_named_curve_parameters("secp256r1")
            parameters = session.create_domain_parameters(
                pkcs11.KeyType.EC, {pkcs11.Attribute.EC_PARAMS: curve}, local=True
            )
            for number in (2, 3):
                parameters.generate_keypair(store=True, id=bytes([number]))
        yield "fund"


def test_a_role_signs_with_a_token(token: str, tmp_path: Path) -> None:
    settings = Settings(("78",))
    uri = f"hsm:2?label={token}"
    office = init_office(tmp_path / "office", settings, keys={"register": uri}, pin=lambda: PIN)
    assert not (office.folder / "keys" / "online" / "register.pem").exists()
    (entry,) = office.settings.keys_of("register")
    assert entry.public["keytype"] == "ecdsa"
    client = Client(tmp_path / "client", office.repository)
    add_list(office, 1, entries(40))
    keys = KeyRing(office, pin=lambda: PIN)
    publish(office, keys)
    assert client.manifest(office.repository).serial == 1

    done = rotate_key(office, keys, "register", new=f"hsm:3?label={token}", pin=lambda: PIN)
    office = Office.open(office.folder)
    assert Published.load(office.repository).unverified() == []
    add_list(office, 2, entries(41))
    publish(office, KeyRing(office, pin=lambda: PIN))
    assert client.manifest(office.repository).serial == 2
    assert done.new.uri == f"hsm:3?label={token}"


def test_a_token_that_does_not_sign(
    token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {"register": f"hsm:2?label={token}"}
    office = init_office(tmp_path / "office", Settings(()), keys=keys, pin=lambda: PIN)
    add_list(office, 1, entries(5))
    with pytest.raises(KeyNotAtHandError, match=r"role register: key register .* is on a token"):
        publish(office, KeyRing(office))
    with pytest.raises(KeyNotAtHandError, match=r"role register: key register .* did not sign"):
        publish(office, KeyRing(office, pin=lambda: "0000"))
    # With nothing that the token must sign, the day goes on without it.
    (office.folder / "lists" / "list-1.json").unlink()
    assert publish(office, KeyRing(office)).signed == ("timestamp",)
    later = repository.now() + timedelta(days=16)
    monkeypatch.setattr(repository, "now", lambda: later)
    for pin in (None, lambda: "0000"):
        signed = publish(office, KeyRing(office, pin=pin)).signed
        assert "timestamp" in signed
        assert "register" not in signed
    assert "register" in publish(office, KeyRing(office, pin=lambda: PIN)).signed


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("uri", ["hsm:9?label=fund", "hsm:2?label=other", "hsm:x"])
def test_a_key_that_is_not_on_the_token(tmp_path: Path, uri: str) -> None:
    with pytest.raises(OfficeError, match="key of register: the token has none"):
        init_office(tmp_path / "office", Settings(()), keys={"register": uri}, pin=lambda: PIN)
    assert list(tmp_path.iterdir()) == []
