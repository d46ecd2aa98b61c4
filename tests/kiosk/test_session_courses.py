"""Whatever devices, people, answers and faults do to one screen, in any order."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from drivers.events import (
    BarcodeFrame,
    BarcodeStarted,
    CardGone,
    CardImage,
    CardPresent,
    CardProgress,
    CardRejected,
    Device,
    DeviceLost,
    DeviceReady,
    FrameKind,
    ReadStats,
    RejectCause,
)
from kiosk.catalogue import Catalogue
from kiosk.config_sections import KioskSection
from kiosk.families import CouldNotCheck, Insured, NotInsured
from kiosk.keypad import DOCUMENTS, Key
from kiosk.pace import sleep_seconds
from kiosk.presenter import present
from kiosk.reasons import CouldNotCheckReason, NotInsuredReason
from kiosk.session import fail, handle, tick
from kiosk.states import (
    Ask,
    Asking,
    Checked,
    Checking,
    DeviceState,
    Entered,
    Keying,
    Offers,
    PinTried,
    Receiving,
    Session,
    SessionEvent,
    Showing,
    Touched,
    Waiting,
)
from kiosk.typing_limit import Allowance, Typing
from kiosk.zones import CLOSE, KEY, KIND, KIOSK, LANGUAGE, NUMBER
from tests.kiosk.cases import POLICY, RECORD, REGISTER
from tests.kiosk.test_presenter import AROUND

DAY = date(2026, 11, 24)
READERS = st.sampled_from(("A", "B"))
CODES = (b"1" * 130, b"2" * 130, b"3" * 130)
VERDICTS = (
    Insured(RECORD, REGISTER, (), ()),
    NotInsured(NotInsuredReason.EXPIRED, RECORD, REGISTER, (), ()),
    CouldNotCheck(CouldNotCheckReason.NOT_IN_LIST, None, REGISTER),
)
LONGEST_SECONDS = 400.0
"""Beyond all limits one after the other, when nobody does anything any more."""
RUSSIAN = Catalogue("ru")


class Course(RuleBasedStateMachine):
    """One screen, its devices, the people before it, and a checker that may be slow or silent."""

    @initialize(limited=st.booleans())
    def begin(self, limited: bool) -> None:
        allowance = Allowance(2, 60.0, 30.0, b"key") if limited else None
        self.session = Session(
            devices={Device.READER: DeviceState(), Device.SCANNER: DeviceState()},
            offers=Offers(("ru", "tt", "en"), numbers=True, service=True),
            typing=Typing(allowance),
        )
        self.now = 100.0
        self.documents: dict[int, object] = {}
        """What was asked about, by ticket."""
        self.verdicts: dict[int, object] = {}
        """The newest answer, by ticket."""
        self.repeats: dict[int, int] = {}
        self.inside: set[str] = set()

    def feed(self, event: SessionEvent) -> list[Ask]:
        """Let something happen; all questions are kept."""
        self.session, questions = handle(self.session, event, self.now)
        asked = [one for one in questions if isinstance(one, Ask)]
        for one in asked:
            self.documents[one.ticket] = one.document
        self.session = tick(self.session, self.now)
        return asked

    # Cards

    @rule(reader=READERS)
    def insert(self, reader: str) -> None:
        self.inside.add(reader)
        self.feed(CardPresent(reader, b"", self.now))

    @rule(reader=READERS, read=st.integers(0, 100))
    def progress(self, reader: str, read: int) -> None:
        self.feed(CardProgress(reader, read, 100))

    @rule(reader=READERS, complete=st.booleans())
    def image(self, reader: str, complete: bool) -> None:
        stats = ReadStats(8, 200, 0.1)
        self.feed(CardImage(reader, b"", reader.encode(), None, complete, self.now, stats))

    @rule(reader=READERS, cause=st.sampled_from(RejectCause))
    def reject(self, reader: str, cause: RejectCause) -> None:
        self.feed(CardRejected(reader, b"", cause, ""))

    @rule(reader=READERS)
    def take(self, reader: str) -> None:
        self.inside.discard(reader)
        before = self.seen()
        self.feed(CardGone(reader, self.now))
        if isinstance(before, Showing) and before.reader == reader:
            # Its person has left: nobody sees it any more, whatever comes in meanwhile.
            assert isinstance(self.seen(), Waiting)
            assert self.session.language == ""

    # Codes

    @rule()
    def code_starts(self) -> None:
        self.feed(BarcodeStarted("tty", self.now))

    @rule(payload=st.sampled_from(CODES))
    def code(self, payload: bytes) -> None:
        before = self.seen()
        frame = BarcodeFrame("tty", FrameKind.POLICY, payload, self.now)
        asked = self.feed(frame)
        after = self.session.state
        if asked:
            assert isinstance(after, Checking)
            return
        # Not asked: its own answer again, or its own question goes on.
        assert isinstance(after, Checking | Showing)
        assert isinstance(before, Checking | Showing)
        ticket = before.ticket
        if isinstance(after, Showing):
            self.repeats[after.ticket] = ticket = self.repeats.get(ticket, ticket)
        document = self.documents[self.repeats.get(ticket, ticket)]
        assert isinstance(document, BarcodeFrame)
        assert document.payload == payload

    @rule()
    def noise(self) -> None:
        before = self.seen()
        self.feed(BarcodeFrame("tty", FrameKind.MALFORMED, b"", self.now, "empty"))
        # What was shown before may have ended meanwhile.
        assert self.session.state in (before, Waiting())

    @rule()
    def torn_code(self) -> None:
        self.feed(BarcodeFrame("tty", FrameKind.MALFORMED, b"", self.now, "length"))

    # People

    @rule(
        zone=st.sampled_from(
            [
                *(f"{KEY}{digit}" for digit in range(10)),
                *(KEY + key for key in Key),
                *(KIND + kind for kind in DOCUMENTS),
                *(f"{LANGUAGE}{place}" for place in range(4)),
                *(NUMBER, CLOSE, KIOSK, "", "?"),
            ]
        ),
        times=st.sampled_from((1, 1, 1, 5)),
    )
    def touch(self, zone: str, times: int) -> None:
        for _ in range(times):
            self.feed(Touched(zone, DAY))

    @rule(number=st.integers(0, 5))
    def type_a_passport(self, number: int) -> None:
        digits = (f"{KEY}{digit}" for digit in f"451200000{number}")
        # Back is asked for as often as the deepest page needs it.
        for zone in (*[KEY + Key.BACK] * 3, NUMBER, f"{KIND}passport", *digits):
            self.feed(Touched(zone, DAY))
        state = self.session.state
        paused = self.session.typing.minutes_left(self.now) > 0
        was_keying = isinstance(state, Keying) and state.entry is not None
        asked = self.feed(Touched(KEY + Key.DONE, DAY))
        assert not (paused and asked)
        assert bool(asked) == (was_keying and not paused)

    @rule()
    def enter(self) -> None:
        self.feed(Entered(POLICY))

    @rule(right=st.booleans())
    def pin(self, right: bool) -> None:
        self.feed(PinTried(right, 3))

    # The checker

    @precondition(lambda self: self.documents)
    @rule(data=st.data(), verdict=st.sampled_from(VERDICTS), known=st.booleans())
    def answer(self, data: st.DataObject, verdict: Insured, known: bool) -> None:
        """To any question that was ever asked, the newest one more often."""
        tickets = sorted(self.documents)
        ticket = data.draw(st.sampled_from((*tickets[-8:], tickets[-1], tickets[-1])))
        before = self.seen()
        if isinstance(before, Checking) and before.ticket == ticket:
            self.verdicts[ticket] = verdict
        if isinstance(before, Showing) and before.ticket == ticket and known:
            # A signature that proves forged counts, even while noise comes in.
            self.verdicts[ticket] = verdict
        self.feed(Checked(ticket, verdict, POLICY if known else None))

    @precondition(lambda self: self.documents)
    @rule(seconds=st.floats(0.0, 10.0), late=st.integers(0, 3))
    def fund_is_asked(self, seconds: float, late: int) -> None:
        self.feed(Asking(self.session.last_ticket - late, seconds))

    # Faults, and time

    @rule(device=st.sampled_from(Device))
    def lose(self, device: Device) -> None:
        self.feed(DeviceLost(device, "unplugged"))
        if device is Device.READER:
            assert not (isinstance(seen := self.seen(), Showing) and seen.reader is not None)

    @rule(device=st.sampled_from(Device))
    def find(self, device: Device) -> None:
        self.feed(DeviceReady(device, ""))

    @rule()
    def fault(self) -> None:
        self.session = fail(self.session, self.now)

    @rule(seconds=st.sampled_from((0.05, 0.5, 1.0, 2.0, 5.0, 21.0, 46.0)))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.session = tick(self.session, self.now)

    # What always holds

    def seen(self) -> object:
        """The state, or the one that a code hides until it is framed."""
        state = self.session.state
        return state.before if isinstance(state, Receiving) else state

    @invariant()
    def a_frame_can_be_made_and_ends(self) -> None:
        session = self.session
        deadline = session.deadline
        assert deadline is None or deadline > self.now
        assert isinstance(session.state, Waiting) or deadline is not None
        assert sleep_seconds(session, self.now, 0.0) > 0.0
        stopped = AROUND.moment.local if session.stopped_at is not None else None
        present(session, replace(AROUND, now=self.now, stopped=stopped), KioskSection(), RUSSIAN)

    @invariant()
    def an_answer_is_the_one_to_its_document(self) -> None:
        shown = self.seen()
        if not isinstance(shown, Showing):
            return
        ticket = self.repeats.get(shown.ticket, shown.ticket)
        if ticket in self.documents and not isinstance(shown.verdict, CouldNotCheck):
            assert shown.verdict == self.verdicts[ticket]
        if ticket not in self.documents:
            # The session's own: no error of ours ever says "not insured".
            assert isinstance(shown.verdict, CouldNotCheck)
            assert shown.policy is None

    @invariant()
    def nobody_s_data_stay(self) -> None:
        session = self.session
        assert set(session.documents) <= set(session.cards) <= self.inside

    @invariant()
    def memory_is_bounded(self) -> None:
        assert len(self.session.typing.numbers) < 2
        assert len(self.session.taps) <= 5

    def teardown(self) -> None:
        """Everybody leaves; nothing more happens than time."""
        if not hasattr(self, "session"):
            return
        end = self.now + LONGEST_SECONDS
        while self.now < end and self.session.deadline is not None:
            self.now = self.session.deadline
            self.session = tick(self.session, self.now)
        assert isinstance(self.session.state, Waiting)
        assert self.session.language == ""
        self.session = tick(self.session, self.now + 60.0)
        assert self.session.typing.numbers == ()


TestCourse = Course.TestCase
TestCourse.settings = settings(
    max_examples=int(os.environ.get("OMS_COURSES", "60")), stateful_step_count=50, deadline=None
)
