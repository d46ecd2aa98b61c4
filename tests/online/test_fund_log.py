"""What a technician reads of the fund in the log."""

from __future__ import annotations

import logging

import pytest

from kiosk.demo.people import person
from kiosk.lookup import Cause
from tests.online.scripted import FOUND, Play, Scripted


class TestLog:
    """What a technician reads: each change once, never a person's data."""

    @pytest.fixture(autouse=True)
    def _level(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, "kiosk.online")

    def lines(self, caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
        return [(one.levelno, one.getMessage()) for one in caplog.records]

    def test_an_expired_token_once_and_its_end_once(self, caplog: pytest.LogCaptureFixture) -> None:
        play = Play(Scripted(FOUND))
        for script, times in ((FOUND, 3), (Cause.UNAUTHORISED, 6), (FOUND, 5)):
            play.services[0].script[0] = script
            for _ in range(times):
                play.wait_pause()
                play.ask()
        assert self.lines(caplog) == [
            (logging.ERROR, "ferzl: scripted unauthorised"),
            (logging.INFO, "ferzl: works again"),
        ]

    def test_each_change_of_cause_and_each_service(self, caplog: pytest.LogCaptureFixture) -> None:
        play = Play(Scripted(FOUND), Scripted(Cause.TLS, name="zp1"))
        for cause in (Cause.TIMEOUT, Cause.TIMEOUT, Cause.NO_NETWORK, Cause.NO_NETWORK):
            play.services[0].script[0] = cause
            play.wait(400.0)
            play.ask()
        assert self.lines(caplog) == [
            (logging.WARNING, "ferzl: scripted timeout"),
            (logging.ERROR, "zp1: scripted tls"),
            (logging.WARNING, "ferzl: scripted no_network"),
        ]

    def test_every_second_question_failing_is_said_once(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        play = Play(Scripted(FOUND))
        for turn in range(20):
            play.services[0].script[0] = Cause.TIMEOUT if turn % 2 else FOUND
            play.ask()
        assert self.lines(caplog) == [(logging.WARNING, "ferzl: scripted timeout")]

    def test_what_is_nobodys_fault_is_not_said(self, caplog: pytest.LogCaptureFixture) -> None:
        for cause in (Cause.AMBIGUOUS, Cause.UNCLEAR, Cause.NOT_ASKABLE, Cause.CANCELLED):
            Play(Scripted(cause)).ask()
        play = Play(Scripted(Cause.NO_NETWORK, FOUND))
        assert play.ask() == FOUND
        assert self.lines(caplog) == []

    def test_a_refused_question_is_said_once(self, caplog: pytest.LogCaptureFixture) -> None:
        play = Play(Scripted(Cause.REFUSED))
        for _ in range(3):
            play.ask()
        words = "ferzl: a question was not answered: scripted refused"
        assert self.lines(caplog) == [(logging.WARNING, words)]

    def test_our_own_fault_once_with_its_place_and_without_its_words(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        play = Play(Scripted(ValueError(person("plain_woman").surname)))
        assert [play.ask(), play.ask(), play.ask()] == [Cause.BROKEN, Cause.BROKEN, Cause.PAUSED]
        faults = [text for level, text in self.lines(caplog) if level == logging.ERROR]
        assert len(faults) == 1
        assert "ValueError in our own code" in faults[0]
        assert "scripted.py" in faults[0]
        assert person("plain_woman").surname not in caplog.text
