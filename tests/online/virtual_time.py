"""A clock that tests move, and deadlines on it."""

from __future__ import annotations

from kiosk.online.deadline import Deadline


class VirtualTime:
    """Seconds that go on when they are told to, or when somebody sleeps until a deadline."""

    def __init__(self, now: float = 5000.0) -> None:
        """Start at `now`."""
        self.now = now

    def __call__(self) -> float:
        """The time, as `time.monotonic` gives it."""
        return self.now

    def deadline(self, seconds: float = 3.0) -> Deadline:
        """A deadline on this clock."""
        clock = self

        class Virtual(Deadline):
            def __init__(self, seconds: float) -> None:
                super().__init__(seconds)
                self._last = clock.now + seconds

            def left(self) -> float:
                return 0.0 if self.cancelled else max(0.0, self._last - clock.now)

            def sleep(self, seconds: float) -> None:
                clock.now += min(seconds, self.left())

        return Virtual(seconds)
