"""Issuers of every algorithm, made once, and programs that only look like openssl."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from kiosk.authenticity import OpenSsl
from kiosk.demo.issuers import Issuers, make_issuers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TODAY = date(2026, 11, 24)


@pytest.fixture(scope="session", name="issuers")
def _issuers(tmp_path_factory: pytest.TempPathFactory) -> Issuers:
    return make_issuers(tmp_path_factory.mktemp("issuers"), TODAY)


@pytest.fixture(name="fake")
def _fake(tmp_path: Path) -> Callable[[str], OpenSsl]:
    """Makes an `openssl` of a shell script's lines."""

    def make(script: str) -> OpenSsl:
        program = tmp_path / "openssl"
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(0o755)
        return OpenSsl(program=program, timeout_seconds=20.0)

    return make
