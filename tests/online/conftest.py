"""What several tests of the fund's services begin with."""

from __future__ import annotations

import pytest

from kiosk.demo.certificates import Certificates, make_certificates


@pytest.fixture(scope="session", name="certificates")
def _certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))
