"""A complete kiosk on virtual devices: what the demo plays on and the flow tests stand on."""

from __future__ import annotations

import os
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Self

from kiosk.clock import Clock
from kiosk.config import Config
from kiosk.config_sections import KioskSection, RegisterSection, ScannerSection
from kiosk.demo.daemon import PrivatePcscd
from kiosk.demo.fund import CommandError
from kiosk.demo.register_sample import ABSENT, SMALLEST_SAMPLE, write_csv
from kiosk.demo.scanner import VirtualScanner
from kiosk.demo.vpcd import VirtualSlot
from kiosk.recorder import label_of
from kiosk.states import Showing
from offline_cache.csv_rows import read_rows
from offline_cache.format import load_key_file
from offline_cache.publisher import build_base
from offline_cache.rows import Problems

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from kiosk.app import Shown
    from kiosk.demo.card import Card
    from kiosk.demo.fund import SampleFund
    from kiosk.demo.fund_service import FundService
    from kiosk.demo.signed_samples import SignedSamples
    from kiosk.families import Verdict
    from kiosk.policy.model import PresentedPolicy
    from kiosk.recorder import Recorder
    from ui.window import InputEvent

WAIT_SECONDS: Final = 10.0
"""Longer than any time limit that a scene has to sit out."""


class SceneError(Exception):
    """The kiosk did not show what a scene is about; the message says what it showed instead."""


class Watch:
    """Remembers what the kiosk showed, and waits for more; an observer of `kiosk.app`."""

    def __init__(self) -> None:
        """Have seen nothing yet."""
        self.recorder: Recorder | None = None
        """Gets every frame, too, and names it."""
        self._changed = threading.Condition()
        self._shown: list[Shown] = []

    def __call__(self, shown: Shown) -> str:
        """Take a frame; return its label."""
        label = label_of(shown.session) if self.recorder is None else self.recorder(shown)
        with self._changed:
            self._shown.append(shown)
            self._changed.notify_all()
        return label

    def begin(self) -> None:
        """Forget what was shown: another run of the kiosk begins, and counts its tickets anew."""
        with self._changed:
            self._shown.clear()

    @property
    def mark(self) -> int:
        """The place after the newest frame, for `wait`."""
        with self._changed:
            return len(self._shown)

    def newest_ticket(self, before: int) -> int:
        """Return the ticket of the last verdict shown before the place `before`; 0 for none."""
        with self._changed:
            return max((ticket_of(shown) for shown in self._shown[:before]), default=0)

    def wait(
        self, condition: Callable[[Shown], bool], since: int, seconds: float = WAIT_SECONDS
    ) -> Shown:
        """Return the first frame from `since` on that fulfils `condition`.

        Raises:
            SceneError: none came in time.
        """
        with self._changed:
            found = self._changed.wait_for(
                lambda: next((one for one in self._shown[since:] if condition(one)), None), seconds
            )
            if found is None:
                seen = ", ".join(label_of(one.session) for one in self._shown[since:]) or "nothing"
                raise SceneError(f"shown instead: {seen}")
            return found

    def wait_for(self, label: str, since: int, seconds: float = WAIT_SECONDS) -> Shown:
        """Wait for a frame by its name (`kiosk.recorder.label_of`)."""
        return self.wait(lambda shown: label_of(shown.session) == label, since, seconds)


class Stage:
    """Virtual reader with two slots, scanner, register folder and clock, all in one folder.

    Usable as a context manager. Sets the environment variable by which libpcsclite finds the
    private pcscd: one stage a process.
    """

    def __init__(self, folder: Path, watch: Watch, fund: SampleFund | None = None) -> None:
        """Start the devices; `fund` publishes what `publish` brings to the kiosks.

        Raises:
            DaemonUnavailableError: this machine cannot run a private pcscd.
        """
        self.watch = watch
        self.hold_seconds = 0.0
        """How long an answer stays to be looked at before the scene goes on."""
        self.desk: Callable[[PresentedPolicy], None] = lambda _: None
        """Takes what the registrar types (`kiosk.app.App.enter`)."""
        self.hands: Callable[[InputEvent], None] = lambda _: None
        """Takes touches (`kiosk.app.App.press`)."""
        self.signed: SignedSamples | None = None
        """Documents whose signers the fund's tables name."""
        self._folder = folder
        self._offset = 0.0
        self._serial = 0
        self.clock = Clock(lambda: time.time() + self._offset)
        self._fund = fund
        if fund is None:
            self._key_file = folder / "register.key"
            self._key_file.write_bytes(os.urandom(32))
        else:
            self._key_file = fund.key_file
        self._devices = ExitStack()
        try:
            self.pcscd = self._devices.enter_context(PrivatePcscd())
            self.pcscd.serve_this_process()
            self.slots = tuple(
                self._devices.enter_context(VirtualSlot(port)) for port in self.pcscd.ports
            )
            self.scanner = self._devices.enter_context(VirtualScanner(folder))
        except BaseException:
            self._devices.close()
            raise

    def __enter__(self) -> Self:
        """The stage itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Put the devices away."""
        self._devices.close()

    @property
    def config(self) -> Config:
        """A configuration for these devices."""
        return Config(
            kiosk=KioskSection(
                id="0412", contact="8-800-000-00-00", okato="40000", clinic="780003"
            ),
            scanner=ScannerSection(self.scanner.path),
            register=RegisterSection(self._register, self._key_file),
        )

    def for_registrar(self) -> Config:
        """The kiosk beside it, as a registrar has it, which gets its lists by stick."""
        config = self.config
        kiosk = replace(config.kiosk, audience="registrar")
        if self._fund is None:
            return replace(config, kiosk=kiosk)
        register = replace(config.register, dir=self._beside)
        return replace(config, kiosk=replace(kiosk, id="0413"), register=register)

    def asking(self, config: Config) -> Config:
        """`config` of a kiosk that may ask the fund's services; with a fund only.

        Raises:
            SceneError: there is no fund on this stage.
        """
        return self._need_fund().asked_by(config, self._folder / f"looks-{config.kiosk.id}")

    @property
    def service(self) -> FundService:
        """The fund's services, which misbehave on order; with a fund only.

        Raises:
            SceneError: there is no fund on this stage.
        """
        return self._need_fund().service

    @property
    def config_file(self) -> Path:
        """The kiosk's configuration as a file, for commands; with a fund only.

        Raises:
            SceneError: there is no fund on this stage.
        """
        return self._need_fund().write_config(self._register)

    @property
    def _register(self) -> Path:
        return self._folder / "register"

    @property
    def _beside(self) -> Path:
        return self._folder / "register-beside"

    def publish(
        self, *, absent: Collection[str] = ABSENT, territories: tuple[str, ...] = ()
    ) -> None:
        """Have the fund publish the next list (see `SampleFund.publish`), and both kiosks take it.

        The first does over the network, the one beside it from the stick.

        Raises:
            SceneError: a command failed, or they have different lists.
        """
        fund = self._need_fund()
        try:
            fund.publish(absent=absent, territories=territories)
            over_network = fund.update(self._register)
            by_stick = fund.update(self._beside, by_stick=True)
        except CommandError as error:
            raise SceneError(str(error)) from error
        if over_network != by_stick:
            raise SceneError(f"list {over_network} over the network, {by_stick} by stick")

    def _need_fund(self) -> SampleFund:
        if self._fund is None:
            raise SceneError("there is no fund on this stage")
        return self._fund

    def publish_small(self) -> None:
        """Put a small register with the cast into the kiosk's folder, without a fund."""
        csv = self._folder / "sample.csv"
        write_csv(csv, SMALLEST_SAMPLE)
        self._serial += 1
        now = datetime.now(UTC)
        with csv.open("rb") as stream:
            problems = Problems()
            build_base(
                read_rows(stream, problems),
                load_key_file(self._key_file),
                self._register,
                serial=self._serial,
                as_of=now,
                next_expected=now + timedelta(days=1),
                problems=problems,
            )

    def set_clock(self, at: datetime | None) -> None:
        """Set the kiosk's wall clock to `at`, or right again."""
        self._offset = 0.0 if at is None else at.timestamp() - time.time()

    def tap(self, card: Card, expected: str, *, slot: int = 0) -> Shown:
        """Insert a card, wait for the answer named `expected`, take the card, wait for idle."""
        shown = self.insert(card, expected, slot=slot)
        self.take(slot)
        return shown

    def take(self, slot: int = 0) -> None:
        """Let the answer be looked at, take the card and wait for idle."""
        time.sleep(self.hold_seconds)
        since = self.watch.mark
        self.slots[slot].remove()
        self.watch.wait_for("idle", since)

    def insert(self, card: Card, expected: str, *, slot: int = 0) -> Shown:
        """Insert a card and wait for the answer named `expected`; the card stays in."""
        return self._present(lambda: self.slots[slot].insert(card), expected)

    def scan(self, payload: bytes, expected: str) -> Shown:
        """Show a code to the scanner and wait for the answer named `expected`."""
        return self._present(lambda: self.scanner.scan(payload), expected)

    def type_in(self, policy: PresentedPolicy, expected: str) -> Shown:
        """Have the registrar type a document and wait for the answer named `expected`."""
        return self._present(lambda: self.desk(policy), expected)

    def _present(self, act: Callable[[], None], expected: str) -> Shown:
        since = self.watch.mark
        act()
        return self.answer(expected, since)

    def answer(self, expected: str, since: int) -> Shown:
        """Wait for the first verdict shown after `since`; it must be the one named `expected`.

        Raises:
            SceneError: another verdict came, or none.
        """
        before = self.watch.newest_ticket(since)
        shown = self.watch.wait(lambda one: ticket_of(one) > before, since)
        if label_of(shown.session) != expected:
            raise SceneError(f"expected {expected}, shown instead: {label_of(shown.session)}")
        return shown

    def later(self, first: Shown, condition: Callable[[Shown], bool], since: int) -> Shown:
        """Wait for what an answer becomes: a frame of the same ticket that fulfils `condition`.

        Raises:
            SceneError: the answer stayed as it was, or another followed.
        """
        ticket = ticket_of(first)
        return self.watch.wait(lambda one: ticket_of(one) == ticket and condition(one), since)


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene: its name in `verdicts.jsonl`, and what happens."""

    name: str
    play: Callable[[Stage], None]


def ticket_of(shown: Shown) -> int:
    """The ticket of the verdict that a frame shows; 0 for other frames."""
    state = shown.session.state
    return state.ticket if isinstance(state, Showing) else 0


def verdict_of(shown: Shown) -> Verdict | None:
    """The verdict that a frame shows; None for other frames."""
    state = shown.session.state
    return state.verdict if isinstance(state, Showing) else None
