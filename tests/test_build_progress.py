"""The line that tells how far a build is."""

from __future__ import annotations

import io
import sys

import pytest

from kiosk.build_progress import ProgressLine, describe
from offline_cache.publisher import Progress, Stage


@pytest.mark.parametrize(
    ("progress", "seconds", "line"),
    [
        (
            Progress(Stage.READING, 500_000, 65_000, 130_000),
            2.0,
            "reading [##########          ]  50%  500,000 rows, 250,000 rows/s, 0:00:02 left",
        ),
        (
            Progress(Stage.SORTING, 7, 7, 7),
            0.0,
            "sorting [####################] 100%  7 rows, 0 rows/s, 0:00:00 left",
        ),
        (
            Progress(Stage.WRITING, 0, 0, 10),
            1.0,
            "writing [                    ]   0%  0 rows, 0 rows/s, ? left",
        ),
        (Progress(Stage.READING, 90_000, 90_000, None), 3.0, "reading: 90,000 rows, 30,000 rows/s"),
    ],
)
def test_lines(progress: Progress, seconds: float, line: str) -> None:
    assert describe(progress, seconds) == line


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_it_redraws_now_and_then_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    moments = iter(n / 50 for n in range(1000))
    line = ProgressLine(wanted=True, clock=lambda: next(moments))
    for n in range(1, 101):
        line(Progress(Stage.READING, n, n, 100))
    line(Progress(Stage.SORTING, 100, 100, 100))
    line.end()
    drawn = terminal.getvalue().removesuffix("\n").split("\r")[1:]
    assert 15 < len(drawn) < 30
    assert all(len(one) <= 80 for one in drawn)
    assert "100%" in drawn[-2]
    assert drawn[-1].startswith("sorting")


def test_it_says_nothing_where_nobody_looks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    silent = ProgressLine(wanted=False)
    silent(Progress(Stage.READING, 1, 1, 1))
    silent.end()
    assert terminal.getvalue() == ""
    monkeypatch.undo()
    piped = ProgressLine(wanted=True)
    piped(Progress(Stage.READING, 1, 1, 1))
    piped.end()
    assert capsys.readouterr().err == ""
