"""Codes of identity documents, the same in both protocols. Pure."""

from __future__ import annotations

import re
from typing import Final

PASSPORT: Final = "14"
BIRTH_CERTIFICATE: Final = "3"
FOREIGN_PASSPORT: Final = "9"

_PASSPORT: Final = re.compile(r"[0-9]{4} № [0-9]{6}")
_BIRTH_CERTIFICATE: Final = re.compile(r"[IVX]{1,8}-[А-ЯЁ]{2} № [0-9]{6}")


def document_type(document: str) -> str:
    """The code of an identity document (F011) by the shape of `<series> № <number>`.

    Residence and temporary permits (11, 23) cannot be told from a foreign passport by it.
    """
    if _PASSPORT.fullmatch(document):
        return PASSPORT
    return BIRTH_CERTIFICATE if _BIRTH_CERTIFICATE.fullmatch(document) else FOREIGN_PASSPORT
