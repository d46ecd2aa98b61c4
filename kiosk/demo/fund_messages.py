"""XML of the sample fund: questions in, checked against the schemas; answers out.

The other side of `kiosk.online.messages`, written without it, so that the two check each other.
"""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lxml import etree
from lxml.builder import ElementMaker

if TYPE_CHECKING:
    from collections.abc import Mapping

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
HL7: Final = "urn:hl7-org:v2xml"

_SCHEMAS: Final = Path(__file__).with_name("schemas")
_ONE_AT_A_TIME: Final = threading.Lock()
"""A schema object keeps the errors of its last validation."""

Element = etree._Element  # noqa: SLF001  # lxml's public type has no public name


class RefusedError(Exception):
    """A question that breaks the rules; the words are fixed, and hold no value of the question."""

    def __init__(self, words: str, *, structure: bool = True) -> None:
        """`structure`: it is no message of the protocol; else one with a value that cannot be."""
        super().__init__(words)
        self.words = words
        self.structure = structure


def wrong_value(words: str) -> RefusedError:
    """The error of a message whose structure is right, and a value is not."""
    return RefusedError(words, structure=False)


def parse(body: bytes, encoding: str) -> Element:
    """Return the root of a question.

    Raises:
        RefusedError: not well-formed, a document type, or another encoding than `encoding`.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError):
        raise RefusedError("not well-formed") from None
    document = root.getroottree().docinfo
    if document.doctype:
        raise RefusedError("a document type")
    if (document.encoding or "utf-8").lower() != encoding:
        raise RefusedError(f"not declared as {encoding}")
    return root


def validate(element: Element, schema: str) -> None:
    """Check a message, alone, against the file `schema`.

    Raises:
        RefusedError: it breaks the schema; the words name the rule and the element.
    """
    rules = _schema(schema)
    with _ONE_AT_A_TIME:
        if rules.validate(element):
            return
        error = rules.error_log[0]
    place = (error.path or "").rpartition("/")[2].partition("[")[0]
    raise RefusedError(f"schema: {error.type_name} at {place}")


@cache
def _schema(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(_SCHEMAS / name))


def child(element: Element, *names: str) -> Element | None:
    """The first element down that path of local names; None if there is none."""
    found: Element | None = element
    for name in names:
        if found is None:
            return None
        found = next((one for one in found if local_name(one) == name), None)
    return found


def children(element: Element, name: str) -> list[Element]:
    """The elements inside with that local name."""
    return [one for one in element if local_name(one) == name]


def local_name(element: Element) -> str:
    """An element's name without its namespace; empty for comments and instructions."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def namespace(element: Element) -> str:
    """An element's namespace; empty if it has none."""
    return etree.QName(element).namespace or "" if isinstance(element.tag, str) else ""


def text(element: Element | None, *names: str) -> str:
    """The text of an element, or of one inside it; empty where there is none."""
    found = child(element, *names) if element is not None else None
    return (found.text or "") if found is not None else ""


def canonical(element: Element | None) -> bytes:
    """An element's content in one spelling, to compare two (C14N)."""
    if element is None:
        return b""
    return b"".join(etree.tostring(one, method="c14n") for one in element)


def maker(of_namespace: str, prefixes: Mapping[str | None, str]) -> ElementMaker:
    """Return a function `(name, *content)` that makes elements of a namespace."""
    return ElementMaker(namespace=of_namespace, nsmap=dict(prefixes))


def serialise(root: Element, encoding: str) -> bytes:
    """A message as bytes, with its XML declaration."""
    return etree.tostring(root, encoding=encoding, xml_declaration=True)
