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
_JP2: Final = base64.b64decode(
    """
AAAADGpQICANCocKAAAAFGZ0eXBqcDIgAAAAAGpwMiAAAAAtanAyaAAAABZpaGRyAAAAeAAAAGAAAwcHAAAAAAAPY29scgEAAAAA
ABAAAAUkanAyY/9P/1EALwAAAAAAYAAAAHgAAAAAAAAAAAAAAGAAAAB4AAAAAAAAAAAAAwcBAQcBAQcBAf9SAAwAAAABAAUEBAAA
/1wAI0J3IHbwdvB2wG8AbwBu4GdQZ1BnaFAFUAVQR1fTV9NXYv9kACUAAUNyZWF0ZWQgYnkgT3BlbkpQRUcgdmVyc2lvbiAyLjUu
NP+QAAoAAAAABI0AAf+Tx9gcFAB8G4lIW4SRrGptNATH2BwUAHxBW29jVnYO201k9MfYGhQAd8wSb8rh07/aUDfB9IyB8YqB8osV
soX9sSfcsDJpV2gAAQqdECEQTLW3ABj8eFlKg8CgHnDB8wqB8YqB8osVsoYA+u1jo1Y4AAEKnRDAOPwkPwAY/InWr1ez7IHpwfMK
gfGKgfGKFbMV2UxmvK08BwABIyO98qRjVtYAGP5Esfzv96qrw+g5D6CcD4DwTN/gCkESaXqOLRGQD9ueKHilWTGdMOOWsk7/Dl9w
FOiFDDXdPnpmHU4OaQgMvvtPsng6A8a3GN7HEUj+yD7D6DUPoKQPgPBM3+AKQRJpeo+52KKWp8gc0NYfQFR8MzRpm19y07k3guSc
05gDoubHC1GMpmVPT7J4ZtIEzhZwUVHbEi7iw+g3D6S0D4iQTXcnp0Mi3CYCv6xHbvnigll2eo2xNJ3mmVykX3LTuTdFoKibuGCw
vqnpajmgSj7xAE+yeGbSBN8ffTpCAtfBmNUhL8HxJYPjNwOqAF+uh9ZnqhZLvOicxJRViekM7n4gXze7gkrbM18+Z+jMEsfYkJAy
V2pWHivkD+54R4IvlkKnLIvDTB6+NMYRwmQp5j/54r76yFeptrHiPmv+H98s/cHxJYPjNwPNgF+uh9Zp/RxUsPXMP+1tpo7zH7XP
Q1wdYoVJZkMh4yRSJ8GIDvsyV4LHo4crK3v/dO027AF/AX1ViI58jzoqBJop5j/52Uk2WUpR8ouBGkVqWQnRl6+2vjRhev7B8SaD
4zkD4HhfrofWaf0cVLD1008i9r350f4JC5Vb2es3jfnLzAehqHzTMBodUDJXgsejhysre+lqUSYt7gKn4f9kjS99cLYpwg4p5j/5
2Uk2WUpR8ouBGkVqWi89x8R/U6k2ynf84IDDtBDqcGsgjJHDgauC62qRubR93nkK06WYMZOuiwPOcx3f+Op7q+qPtBLxW1KPpS08
zznV88hyWGeOi/fTKRfJFKFaJoJoPWwh3j7+zGEMytSNisPWEOqwVwCkbB1ogEU1cCzZOsV3B+6LbCS6K4EXA+morr9R5a6vNEWF
X0xga12Y55HsaFXneP6PqxFWTwMTBTYDKsCRbOob5ugi10CL99MpF8kUoVomgmg9ZsPV8OqwVwCkbB1znD1qKOO3gdvoIi6gsWXS
nJT6VZxjYU8b4tZ4uCvWWvuAZKvhcNBi3vTx5I+rEVZPAxMFNgMqwJFs6hvm6CLXQIv30ykXyRShWiaCaD1mwc1EFpjVH5z8Jbp0
KNRKKbebe07rhunTWCtWFjMr3nsdp4wEmwwkz5UsvR5lyZNMQ/OBXmGUewCWPnr2gt3vacHNTBrg1R+c/CW6dCjUSim3m3tO64bp
01grVhYzK957HaeMBJsMJoyQlh7nGhDJk0xD84FeYZR7AJY+evaC3e9ph8BpiCIIoVLPwc1MFpjVH5z8Jbp0KNRHGiGVTkD5BkBI
WFInbEMC8nOlWqyceNDejMFwyvcSnMmTTEPzgV5hlHsAlj569oLd72n/2Q==
"""
)
"""The same picture in JPEG 2000."""
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


def silhouette_2000() -> bytes:
    """The same picture as a JP2 file (ITU-T T.800, annex I)."""
    return _JP2
