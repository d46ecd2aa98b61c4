"""What most tests of updates begin with: certificates, and a kiosk on the third list of a fund."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kiosk.demo.certificates import Certificates, make_certificates
from tests.offline_cache.sieges import Siege, new_siege

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session", name="certificates")
def _certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module", name="model")
def _model(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Siege:
    return new_siege(tmp_path_factory.mktemp("model"), certificates)


@pytest.fixture(name="siege")
def _siege(model: Siege, tmp_path: Path) -> Siege:
    return model.moved_to(tmp_path)
