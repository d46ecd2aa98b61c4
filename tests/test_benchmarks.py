"""The statistics of the benchmark table and the list of benchmarks."""

from __future__ import annotations

import math

import pytest

from tests.benchmarks.__main__ import discover, main
from tests.benchmarks.table import (
    compared,
    interleave,
    measured,
    percentile,
    ratio_by_pairs,
    to_markdown,
)


@pytest.mark.parametrize(
    ("samples", "share", "value"),
    [
        pytest.param([7.0], 0.95, 7.0, id="one"),
        pytest.param([3.0, 1.0], 0.5, 2.0, id="between-two"),
        pytest.param([5.0, 1.0, 3.0], 0.5, 3.0, id="median-of-unsorted"),
        pytest.param([float(n) for n in range(101)], 0.95, 95.0, id="p95"),
        pytest.param([1.0, 2.0], 1.0, 2.0, id="highest"),
    ],
)
def test_percentile(samples: list[float], share: float, value: float) -> None:
    assert percentile(samples, share) == pytest.approx(value)


def test_nothing_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="no samples"):
        percentile([], 0.5)


def test_ratio_is_the_median_over_pairs() -> None:
    assert ratio_by_pairs([1.0, 10.0, 2.0], [3.0, 20.0, 8.0]) == 3.0
    assert ratio_by_pairs([0.0], [1.0]) == math.inf
    with pytest.raises(ValueError, match="zip"):
        ratio_by_pairs([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="no pairs"):
        ratio_by_pairs([], [])


def test_interleave_gives_both_the_same_calls() -> None:
    calls: list[str] = []
    ours, other = interleave(
        lambda: calls.append("a"), lambda: calls.append("b"), rounds=4, calls=3
    )
    assert (len(ours), len(other)) == (4, 4)
    assert calls.count("a") == calls.count("b") == 5 * 3
    assert all(sample >= 0 for sample in ours + other)
    assert "".join(calls).startswith("aaabbbbbbaaa"), "who goes first must change every round"


def test_markdown_has_a_cell_per_column() -> None:
    rows = [measured("start", "s", [0.5, 1.5]), compared("frame", "µs", [2.0], "other", [9000.0])]
    lines = to_markdown(rows).splitlines()
    assert lines[2:] == [
        "| start | s | 1 | 1.4 |  |  |  |  |  |",
        "| frame | µs | 2 | 2 | other | 9,000 | 9,000 | 4500.00 |  |",
    ]
    assert {line.count("|") for line in lines} == {10}


def test_benchmarks_are_found_and_shared_parts_are_not() -> None:
    assert {"framing", "barcode_line"} <= set(discover())
    assert "table" not in discover()


def test_unknown_benchmark_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["nonesuch"])
    assert caught.value.code == 2
    assert "no such benchmark: nonesuch" in capsys.readouterr().err
