"""Marks with a meaning: verdicts, outcomes of checks, the list's age, the countdown ring.

Each differs from its siblings as a black-and-white outline, so that none depends on colour.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ui.ops import Box, Colour, Disc, Op, Point, Polygon, Rect, Role, RoundRect, Stroke, Text
from ui.screen import Countdown, Family, ListState, Outcome

if TYPE_CHECKING:
    from ui.flow import Canvas


def verdict(family: Family, centre: Point, size: float, colour: Colour, ground: Colour) -> list[Op]:
    """The shape of a family, about `size` pixels wide: circle, octagon or triangle."""
    match family:
        case Family.INSURED:
            return _circle_with_tick(centre, size, colour, ground)
        case Family.NOT_INSURED:
            return _octagon_with_bar(centre, size, colour, ground)
        case Family.COULD_NOT_CHECK:
            return _triangle_with_question(centre, size, colour, ground)


def _circle_with_tick(centre: Point, size: float, colour: Colour, ground: Colour) -> list[Op]:
    r = size / 2
    tick = _at(centre, r, ((-0.50, 0.05), (-0.13, 0.41), (0.53, -0.37)))
    return [Disc(centre, r, colour), Stroke(tick, 0.23 * r, ground)]


def _octagon_with_bar(centre: Point, size: float, colour: Colour, ground: Colour) -> list[Op]:
    r = size / 2
    rounding = 0.05 * r
    far, near = 0.98 - 0.05, (0.98 - 0.05) * math.tan(math.pi / 8)
    corners = ((near, far), (far, near), (far, -near), (near, -far))
    ring = corners + tuple((-x, -y) for x, y in corners)
    bar = _at(centre, r, ((-0.46, 0.0), (0.46, 0.0)))
    return [Polygon(_at(centre, r, ring), colour, rounding), Stroke(bar, 0.28 * r, ground)]


def _triangle_with_question(centre: Point, size: float, colour: Colour, ground: Colour) -> list[Op]:
    r = size / 2
    corners = ((0.0, -0.95), (1.02, 0.84), (-1.02, 0.84))
    hook = arc((0.0, -0.10), 0.245, 180, 390)
    stem = _curve(hook[-1], (0.13, 0.20), (-0.01, 0.16), (-0.01, 0.40))
    mark = _at(centre, r, hook + stem)
    dot = _at(centre, r, ((-0.01, 0.66),))[0]
    return [
        Polygon(_at(centre, r, corners), colour, 0.085 * r),
        Stroke(mark, 0.175 * r, ground),
        Disc(dot, 0.115 * r, ground),
    ]


def outcome(result: Outcome, box: Box, colour: Colour, ground: Colour) -> list[Op]:
    """The mark before a check, in a square box: tick, cross on a filled square, or dash."""
    r = box.w / 2
    centre = (box.x + r, box.y + r)
    width = 0.24 * r
    match result:
        case Outcome.PASS:
            tick = _at(centre, r, ((-0.72, 0.06), (-0.22, 0.54), (0.74, -0.52)))
            return [Stroke(tick, width, colour)]
        case Outcome.FAIL:
            one = _at(centre, r, ((-0.44, -0.44), (0.44, 0.44)))
            other = _at(centre, r, ((-0.44, 0.44), (0.44, -0.44)))
            plate = RoundRect(box, max(2, box.w // 6), colour)
            return [plate, Stroke(one, width, ground), Stroke(other, width, ground)]
        case Outcome.UNKNOWN:
            return [Stroke(_at(centre, r, ((-0.5, 0.0), (0.5, 0.0))), width, colour)]


def list_dot(state: ListState, box: Box, colour: Colour, ground: Colour) -> list[Op]:
    """The list's age in a square box: filled circle, diamond outline, filled square."""
    r = box.w / 2
    centre = (box.x + r, box.y + r)
    match state:
        case ListState.FRESH:
            return [Disc(centre, 0.78 * r, colour)]
        case ListState.AGEING:
            return [*diamond(centre, r, colour), *diamond(centre, 0.52 * r, ground)]
        case ListState.TOO_OLD:
            return [Rect(box.inset(round(0.2 * r), round(0.2 * r)), colour)]


def diamond(centre: Point, r: float, colour: Colour) -> list[Op]:
    """A filled diamond: the mark of a difference."""
    return [Polygon(_at(centre, r, ((0, -1), (1, 0), (0, 1), (-1, 0))), colour)]


def countdown_ring(
    canvas: Canvas, box: Box, countdown: Countdown, colours: tuple[Colour, Colour]
) -> list[Op]:
    """A ring that empties clockwise from the top, with the seconds left; colours: ink and track."""
    ink, track = colours
    r = box.w / 2
    centre = (box.x + r, box.y + r)
    width = max(2.0, 0.17 * r)
    share = min(1.0, max(0.0, countdown.seconds_left / max(1, countdown.seconds_total)))
    ring = _at(centre, r - width / 2, arc((0.0, 0.0), 1.0, -90, 270))
    left = _at(centre, r - width / 2, arc((0.0, 0.0), 1.0, -90, -90 + 360 * share))
    digits = str(max(0, countdown.seconds_left))
    px = max(8, round(box.w * (0.46 if len(digits) < 3 else 0.34)))
    w, h = canvas.measure(digits, Role.BOLD, px)
    place = Box(round(centre[0] - w / 2), round(centre[1] - h / 2), w, h)
    remaining: Op = Stroke(left, width, ink) if share > 0 else Stroke(ring, width, track)
    return [Stroke(ring, width, track), remaining, Text(place, digits, Role.BOLD, px, ink)]


def between(one: Colour, other: Colour) -> Colour:
    """A quarter of one colour over the other."""
    red, green, blue = ((a + 3 * b) // 4 for a, b in zip(one, other, strict=True))
    return red, green, blue


def _at(centre: Point, scale: float, points: tuple[Point, ...]) -> tuple[Point, ...]:
    return tuple((centre[0] + scale * x, centre[1] + scale * y) for x, y in points)


def arc(centre: Point, radius: float, start: float, end: float) -> tuple[Point, ...]:
    """Points on an arc; degrees clockwise from three o'clock, as y grows downwards."""
    steps = max(2, math.ceil(abs(end - start) / 5))
    angles = (math.radians(start + (end - start) * i / steps) for i in range(steps + 1))
    return tuple(
        (centre[0] + radius * math.cos(a), centre[1] + radius * math.sin(a)) for a in angles
    )


def _curve(a: Point, b: Point, c: Point, d: Point) -> tuple[Point, ...]:
    """Points on a cubic Bézier curve, without its first."""
    points = []
    for i in range(1, 9):
        t = i / 8
        u = 1 - t
        weights = (u**3, 3 * u * u * t, 3 * u * t * t, t**3)
        points.append(
            (
                sum(w * p[0] for w, p in zip(weights, (a, b, c, d), strict=True)),
                sum(w * p[1] for w, p in zip(weights, (a, b, c, d), strict=True)),
            )
        )
    return tuple(points)
