"""The demo's door to the clinic's system: the registrars' page beside the kiosk's window."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import TYPE_CHECKING

from kiosk.clinic.fields import Scope
from kiosk.clinic.tokens import make_token
from kiosk.config_sections import ClinicSection

if TYPE_CHECKING:
    from pathlib import Path

    from kiosk.config import Config


def with_clinic(config: Config, folder: Path) -> tuple[Config, str, str]:
    """`config` of a kiosk that serves the clinic; the page's address and a token for everything.

    Raises:
        OSError: the tokens' file cannot be written in `folder`.
    """
    token, line = make_token("demo", frozenset(Scope))
    tokens_file = folder / "clinic-tokens"
    tokens_file.touch(mode=0o600)
    tokens_file.write_text(f"{line}\n", encoding="ascii")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    section = ClinicSection(port=port, tokens_file=tokens_file)
    return replace(config, clinic=section), f"http://127.0.0.1:{port}/", token
