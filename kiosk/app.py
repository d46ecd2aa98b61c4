"""The composition root: devices, checker and screen, joined by one bounded queue.

The main thread owns the screen and the session; every other thread only puts events into the
queue. It sleeps in `select()` until an event, the next deadline of the session or the next second
that a frame shows; only a window must be asked for input now and then. A frame is drawn only when
its view differs from the last.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from drivers.events import DeviceLost, DeviceReady
from kiosk import __version__
from kiosk.catalogue import Catalogue
from kiosk.check_worker import CheckWorker, KioskEvent, ListChanged, LooksChanged
from kiosk.companions import Companions
from kiosk.compose import make_journal, make_looks, make_sources
from kiosk.compose_devices import device_workers, devices_of
from kiosk.disk_worker import DiskWorker
from kiosk.hands import offers_of, touch_px, touched, typing_of
from kiosk.inbox import Inbox
from kiosk.offline import ListStatus
from kiosk.outage import Outage
from kiosk.pace import RETURN_SECONDS, pump_seconds, sleep_seconds
from kiosk.photo import PhotoReady
from kiosk.presenter import Surroundings, present
from kiosk.presenter_touch import Facts
from kiosk.repair_worker import Repaired
from kiosk.second_look.worker import FundChanged, SecondLookWorker
from kiosk.service_page import desk_of
from kiosk.session import fail, handle, tick
from kiosk.states import (
    Ask,
    Checked,
    DeviceState,
    Entered,
    Limits,
    Serving,
    Session,
    Showing,
    TryPin,
)
from kiosk.stick_watch import StickChanged, StickWatch
from kiosk.supervise import Supervisor, Worker
from kiosk.upkeep import Upkeep, watched
from ui.window import Quit

if TYPE_CHECKING:
    from collections.abc import Callable

    from drivers.events import Device
    from kiosk.clock import Clock
    from kiosk.config import Config
    from kiosk.policy.model import PresentedPolicy
    from ui.screen import Screen
    from ui.window import InputEvent, Window

_log = logging.getLogger(__name__)

_FAILURES: Final = 3
"""How many turns in a row may fail: the first, and the fault's own frame."""


@dataclass(frozen=True, slots=True)
class Shown:
    """To observers: a frame went to the screen."""

    session: Session
    screen: Screen


class App:
    """One running kiosk."""

    def __init__(
        self,
        config: Config,
        clock: Clock,
        window: Window,
        *,
        observer: Callable[[Shown], str] | None = None,
        on_input: Callable[[InputEvent], None] | None = None,
        outage: Outage | None = None,
    ) -> None:
        """Join the parts; nothing runs yet.

        Args:
            config: the configuration, as loaded.
            clock: wall time with its floor.
            window: where frames go; stays open after `run`.
            observer: sees every new view before it is drawn; returns a label for its file.
            on_input: takes keys and touches.
            outage: remembers since when nothing works; None: that begins with this run.
        """
        self.inbox = Inbox()
        self._config = config
        self._clock = clock
        self._window = window
        self._observer = observer
        self._on_input = on_input
        self._outage = outage or Outage()
        self._shown: tuple[Screen, ...] = ()
        self._began = time.monotonic()
        self._session = _first_session(config)
        languages = {config.kiosk.language, *self._session.offers.languages}
        self._catalogues = {language: Catalogue(language) for language in languages}
        self._around = Surroundings(ListStatus(), clock.now(), self._began)
        sources = make_sources(config, clock)
        self._looks, self._journal = make_looks(config), make_journal(config)
        self._disk = DiskWorker()
        self._checker = CheckWorker(
            *(sources.offline, sources.checker, clock, sources.fund),
            *(self._looks, self._journal, self._disk),
        )
        self._second = SecondLookWorker(
            self._looks,
            sources.fund,
            self._checker.deliver,
            clock,
            hold=lambda: self._checker.asks_fund,
        )
        parts = watched(sources.fund, self._looks, self._journal, self._disk)
        self._desk = desk_of(config, parts.looks_pending)
        self._companions = Companions(config)
        self._upkeep = Upkeep(config.metrics, clock, parts, devices_of(config))
        self._checker.metrics = self._second.metrics = self._upkeep.metrics
        workers = self._upkeep.workers(self._workers(), time.monotonic())
        # Unwatched: see `kiosk.disk_worker`.
        workers.append(Worker("disk", self._disk))
        self._supervisor = Supervisor(workers, self.inbox.put)
        self._stopping, self._flips = False, -1
        self.ready = threading.Event()
        """Set once the first frame is out and every part has said what state it is in."""
        self._awaited: set[Device | type[ListChanged]] = {*devices_of(config), ListChanged}

    def _workers(self) -> list[Worker]:
        workers = [
            Worker("checker", self._checker),
            Worker("second look", self._second),
            Worker("stick watch", StickWatch()),
            *device_workers(self._config),
            *self._companions.workers(),
        ]
        if self._desk is not None:
            workers.append(Worker("service desk", self._desk))
        return workers

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called, somebody closed the window, or `run` has ended."""
        return self._stopping

    def stop(self) -> None:
        """Make `run` return; may be called from any thread and from a signal handler."""
        self._stopping = True
        self.inbox.wake()

    def enter(self, policy: PresentedPolicy) -> None:
        """Check what a registrar typed, as a document is checked; may be called from any thread."""
        self.inbox.put(Entered(policy))

    def press(self, action: InputEvent) -> None:
        """Take a touch or a key as the window does; may be called from any thread."""
        event = touched(action, self._clock.now().likely.date())
        if event is not None:
            self.inbox.put(event)

    def run(self) -> None:
        """Show the kiosk until `stop`, a quit key or the window's closing."""
        self._supervisor.start()
        failures = 0
        try:
            while not self._stopping:
                try:
                    self._show()
                    self._upkeep.turn(time.monotonic())
                    self._turn(self.inbox.wait(self._sleep_seconds(), self._window.lines))
                    failures = 0
                except Exception:
                    # An error of ours must not take the kiosk away from the next person; one that
                    # does not pass is for the service manager.
                    failures += 1
                    if failures > _FAILURES:
                        raise
                    _log.exception("a turn of the main loop failed")
                    self._session = fail(self._session, time.monotonic())
        finally:
            self._stopping = True
            self._upkeep.end()
            stuck = self._supervisor.stop()
            if stuck:
                words = "threads did not end: %s; writes that were not made: %d"
                _log.error(words, ", ".join(stuck), self._disk.waiting)
            else:
                self._disk.finish()
                self.inbox.close()
                for store in (self._looks, self._journal):
                    if store is not None:
                        store.close()

    def _turn(self, events: list[KioskEvent]) -> None:
        for action in self._window.pump() if self._window.needs_pump else ():
            if isinstance(action, Quit):
                self._stopping = True
                continue
            self._companions.touched(time.monotonic())
            if self._on_input is not None:
                self._on_input(action)
            touch = touched(action, self._clock.now().likely.date())
            if touch is not None:
                events.append(touch)
        # Who took the card before the answer could be drawn has not seen it: "insert again" is for
        # them, and an answer without its card is for nobody.
        events.sort(key=lambda event: isinstance(event, Checked))
        now = time.monotonic()
        for event in [*events, *self._supervisor.look()]:
            self._take(event, now)
        self._session = tick(self._session, now)

    def _take(self, event: KioskEvent, now: float) -> None:
        self._upkeep.event(event, now)
        match event:
            case Repaired():
                pass  # Its worker has logged it; what it leads to comes as an event of its own.
            case ListChanged(status, reference):
                self._around = replace(self._around, list_status=status, reference=reference)
                self._has_reported(ListChanged)
            case FundChanged(mode):
                self._around = replace(self._around, fund=mode)
            case StickChanged(stick):
                self._around = replace(self._around, stick=stick)
            case PhotoReady():
                self._around = replace(self._around, photo=event)
            case LooksChanged(changes):
                self._around = replace(self._around, looks=changes)
            case _:
                if isinstance(event, DeviceReady | DeviceLost):
                    _log.info("%s", event)
                    self._has_reported(event.device)
                self._session, questions = handle(self._session, event, now)
                self._ask(questions)

    def _has_reported(self, part: Device | type[ListChanged]) -> None:
        self._awaited.discard(part)
        if not self._awaited:
            self.ready.set()

    def _ask(self, questions: tuple[Ask | TryPin, ...]) -> None:
        for question in questions:
            if isinstance(question, Ask):
                self._checker.ask(question)
            elif self._desk is not None:
                self._desk.try_pin(question.digits)

    def _show(self) -> None:
        if not isinstance(self._session.state, Showing):
            # Nothing of a person outlives the answer.
            self._around = replace(self._around, photo=None)
        moment, now = self._clock.now(), time.monotonic()
        stopped = self._outage.since(self._session, moment, now, settled=self.ready.is_set())
        around = replace(
            self._around,
            moment=moment,
            now=now,
            stopped=stopped,
            touch_px=touch_px(self._config.screen, self._window.size),
            facts=self._facts() if isinstance(self._session.state, Serving) else Facts(),
        )
        language = self._session.language or self._config.kiosk.language
        views = {
            audience: present(
                self._session,
                around,
                replace(self._config.kiosk, audience=audience),
                self._catalogues[language],
            )
            for audience in self._companions.audiences
        }
        if self._companions.sleeps(self._session, moment, now):
            self._shown = ()
            self._window.darken()
        else:
            self._put(tuple(views.values()))
        # Read out is what patients see, on whichever display.
        heard = views.get("public") or views["registrar"]
        self._companions.follow(self._session, heard, language, around)
        # The last frame is as good as a new one, while it is what should be shown.
        self._upkeep.frame(self._session, time.monotonic())

    def _put(self, views: tuple[Screen, ...]) -> None:
        """Draw what differs from what is drawn, one view for each display."""
        if views == self._shown:
            return
        self._shown = views
        label = ""
        if self._observer is not None:
            label = self._observer(Shown(self._session, views[0]))
        self._window.show(views[0], label, views[-1])

    def _facts(self) -> Facts:
        missed = None if self._journal is None else self._journal.missed
        uptime = time.monotonic() - self._began
        return Facts(__version__, uptime, **self._upkeep.metrics.tally, journal_missed=missed)

    def _sleep_seconds(self) -> float:
        """Until the next change that comes without an event."""
        now = time.monotonic()
        waits = [self._upkeep.wait(now), sleep_seconds(self._session, now, time.time())]
        if self._supervisor.hangs:
            waits.append(RETURN_SECONDS)
        if self._window.needs_pump:
            # What came while a frame was drawn is not told of any more.
            told = bool(self._window.lines) and self._flips == self._window.flips
            self._flips = self._window.flips
            waits.append(pump_seconds(self._session, told=told))
        return max(0.0, min(waits))


def _first_session(config: Config) -> Session:
    return Session(
        devices=dict.fromkeys(devices_of(config), DeviceState()),
        limits=Limits(showing=float(config.kiosk.result_seconds)),
        offers=offers_of(config),
        typing=typing_of(config),
    )
