"""Sample reference tables hold what the demo shows, and reach kiosks with the first list."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from kiosk.demo.fund import SampleFund
from kiosk.demo.people import PEOPLE
from kiosk.demo.reference_sample import write_reference
from kiosk.demo.register_sample import PARTS, SMALLEST_SAMPLE
from kiosk.working_days import certificate_end
from offline_cache.reference import ReferenceData, TrustedKey, load_reference

if TYPE_CHECKING:
    from pathlib import Path

KEY = TrustedKey("chip", "*", "01", "x509", date(2026, 1, 1), date(2027, 1, 1), b"\0\1")


@pytest.fixture(name="sample", scope="module")
def _sample(tmp_path_factory: pytest.TempPathFactory) -> ReferenceData:
    folder = tmp_path_factory.mktemp("reference")
    write_reference(folder)
    data, problems = load_reference(folder)
    assert problems == ()
    return data


def test_everybody_of_the_cast_has_an_insurer_a_clinic_and_whom_to_call(
    sample: ReferenceData,
) -> None:
    for one in PEOPLE:
        part = PARTS.get(one.slug)
        insurer = (part and part.insurer) or one.insurer
        assert sample.insurer(insurer.ogrn, insurer.okato, date(2026, 11, 24)) is not None
        assert sample.territory_by_okato(insurer.okato or "") is not None
        assert sample.territory_by_code(one.enp[:2]) is not None
        assert sample.clinic(f"{one.enp[:2]}0003") is not None
        line = sample.hotline(one.enp[:2], insurer.ogrn)
        assert line is not None
        assert line.ogrn == insurer.ogrn
    for territory in sample.territories:
        line = sample.hotline(territory.code, None)
        assert line is not None
        assert line.territory_code == territory.code
    everybody = sample.hotline(None, None)
    assert everybody is not None
    assert everybody.phone == "8 800 000-00-00"


def test_nobody_real_can_be_called_or_written_to(sample: ReferenceData) -> None:
    for insurer in sample.all_insurers:
        assert insurer.ogrn.startswith("199")
        assert insurer.phone.startswith("8 800 000-")
        assert insurer.email.endswith("@example.org")
        assert insurer.site.endswith(".example.org")
        assert insurer.head == ""
    assert all(line.phone.startswith("8 800 000-") for line in sample.hotlines)
    assert sample.trusted == ()


@pytest.mark.parametrize(
    ("issued", "estimated"), [(date(2022, 9, 1), False), (date(2022, 11, 30), True)]
)
def test_certificates_with_and_without_a_calendar(
    sample: ReferenceData, issued: date, *, estimated: bool
) -> None:
    term = certificate_end(issued, sample)
    assert term is not None
    assert term.estimated == estimated


def test_kiosks_have_the_tables_after_the_first_list(tmp_path: Path) -> None:
    with SampleFund(tmp_path, [KEY]) as fund:
        fund.publish(rows=SMALLEST_SAMPLE)
        for name, by_stick in (("register", False), ("beside", True)):
            assert fund.update(tmp_path / name, by_stick=by_stick) == 1
            data, problems = load_reference(tmp_path / name / "reference")
            assert problems == ()
            assert data.trusted == (KEY,)
            assert len(data.territories) == 86
            assert len(data.all_insurers) == 10
