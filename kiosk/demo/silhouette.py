"""The photo of the invented people: an abstract silhouette, since nobody stands for it."""

from __future__ import annotations

import base64
from typing import Final

WIDTH: Final = 96
HEIGHT: Final = 120

_JPEG: Final = base64.b64decode(
    """
/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAUDBAQEAwUEBAQFBQUGBwwIBwcHBw8LCwkMEQ8SEhEPERETFhwXExQaFRERGCEY
Gh0dHx8fExciJCIeJBweHx7/2wBDAQUFBQcGBw4ICA4eFBEUHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e
Hh4eHh4eHh4eHh4eHh7/wAARCAB4AGADASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAA
AgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6
Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXG
x8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREA
AgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5
OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPE
xcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwD3qiiitTIKKKKACiiigAooooAKKKKACiii
gAooooAKKKbI6xxtI7BUUEsT0AHegCrq2pWWlWbXd9OsUS9M9WPoB3NcDqfxKuDKRpunxLGOjXBLE/gpGPzNcz4w12bXdWec
swtoyVt0/ur6/U9T/wDWrFrRR7kOR6DpfxKm80LqenxlCeXtyQR/wFic/mK7/S9Qs9Ts0u7KdZom7jqD6EdjXz/W94K16XQt
WR2Y/ZJiFuE9v731H+NDj2BSPbKKRSGUMpBBGQR3pazLCiiigAooooAK5r4lXrWfhK5CNte4ZYQfY9f/AB0GulriPjDu/sC0
xnb9qGfTOxsf1prcT2PLKKKK1MwooooA9p+Hl6174Ts2dsvEDC3/AAE4H6Yroa4z4Q7v+EYnznH2tsZ9Nif/AF67OsnuarYK
KKKQBRRRQAVzPxMsmvPCVwyLua3ZZgMdhwf0JNdNTJY0lieKRQyOpVlPQg9RQtAPniitjxbok2hatJbOrGBiWgkPRl/xHQ1j
1sZhRRW34N0KXXdXSHaRaxkNcP2C+n1PT/8AVQB6b8OrNrLwlaB12vNmZhj+8eP0xXRU1FVECIoVVGAB0Ap1Ys0CiiigAooo
oAKKKKAKOs6VY6vZtaX0IkQ8qejIfUHsa8/1P4bXySk6dfQSx9lmyrD8gQf0r0HVNV07S4/Mv7yKAEZAY/MfoByfwrmrr4i6
HExWGG8n/wBpUAH6nP6VSv0E7GJpfw2vGlDalfQxR91gyzH8SAB+teg6RpllpVmtpYwiKMcnuWPqT3Nc1a/EXQpWCzRXkH+0
0YI/Qk/pXS6Zqen6nF5thdxXCjrtbkfUdR+NDv1BWLlFFFSMKKKKACiiigArhvG/jdbB30/SCsl0MrJMeVjPoPU/oPerXxI8
SHSbIWFnJi9uF5YHmJPX6noPxryQkk5JyTVxj1JbJbq4nup3nuZnmlc5Z3bJNRUUVZAVNZ3NxZ3CXFrM8MqHKuhwRUNFAHqv
gjxqmpMmn6oUivDxHIOFlPp7N/P9K7WvnZSVYMpIIOQR2r174d+IzrOnm1u3BvrcDcSeZF7N9ex/+vUSiWmdXRRRUFBUN5cR
WlpLdTttiiQu59gM1NXHfFjUDa+H0s0bD3cm0/7i8n9dv500rsGeZa3qE2q6rcX85+eV8gZ+6Ow/AYFU6KK1MgooooAKKKKA
Cr/h/U5dI1e3v4sny2+dR/Ep6j8qoUUDPoa3mjuLeOeFg8cih0YdwRkVJXJfCzUDeeGhbO2ZLRzH/wABPK/zI/CutrFqxogr
yn4u3Rl8QQWoPywQDj/aYkn9NtFFVHcUtji6KKK0MwooooAKKKKACiiigDuPg9dGPWru0J+WaDf+Knj9GNepUUVnLc0jsf/Z
"""
)
_MOST_IN_COMMENT: Final = 0xFFFF - 2


def silhouette(size: int | None = None) -> bytes:
    """A valid JPEG of 96 x 120 pixels, padded to `size` bytes with a comment if that is given.

    Cards hold photos of several kilobytes; padding makes the reading as long as with a real one.

    Raises:
        ValueError: `size` is less than the JPEG and a comment need, or above 64 KiB.
    """
    if size is None or size == len(_JPEG):
        return _JPEG
    length = size - len(_JPEG) - 4
    if not 0 <= length <= _MOST_IN_COMMENT:
        raise ValueError(f"a JPEG of {size} bytes cannot be made")
    # ISO/IEC 10918-1 B.2.4.5: a comment's length counts its own two bytes.
    comment = b"\xff\xfe" + (length + 2).to_bytes(2, "big") + b"." * length
    return _JPEG[:2] + comment + _JPEG[2:]
