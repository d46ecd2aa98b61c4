"""The main thread's sleep: ended by an event, by a display's line, by time."""

from __future__ import annotations

import os
import threading
import time

import pytest

from drivers.events import BarcodeStarted
from kiosk.inbox import Inbox


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


def test_an_event_ends_the_sleep(inbox: Inbox) -> None:
    event = BarcodeStarted("/dev/scanner", 1.0)
    threading.Timer(0.05, inbox.put, (event,)).start()
    began = time.monotonic()
    assert inbox.wait(30) == [event]
    assert time.monotonic() - began < 10
    inbox.close()


def test_a_line_of_somebody_elses_ends_it_too_and_is_left_unread(inbox: Inbox) -> None:
    theirs, other_end = os.pipe()
    os.write(other_end, b"x")
    began = time.monotonic()
    assert inbox.wait(30, (theirs,)) == []
    assert time.monotonic() - began < 10
    assert os.read(theirs, 10) == b"x"
    os.close(theirs)
    os.close(other_end)
    inbox.close()


def test_time_ends_it(inbox: Inbox) -> None:
    assert inbox.wait(0.01) == []
    inbox.close()
    inbox.wake()
