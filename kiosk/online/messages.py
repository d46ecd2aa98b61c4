"""The door to XML: messages of strangers in, with limits; our own messages out.

lxml (libxml2) with everything off that reaches outside the message: no DTD at all, so no entities;
no network, no files, no XInclude. Sizes, depth and number of elements are bounded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lxml import etree

from kiosk.lookup import Cause
from kiosk.online.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BYTES: Final = 256 * 1024
"""An answer about one person has 2 to 5 KB."""
MAX_DEPTH: Final = 32
MAX_ELEMENTS: Final = 5_000
MAX_TEXT: Final = 1_000
"""Characters of one value that is read."""
_ENCODINGS: Final = frozenset({"utf-8", "utf8", "windows-1251", "cp1251", "us-ascii"})

Element = etree._Element  # noqa: SLF001  # lxml's public type has no public name


def parse(message: bytes) -> Element:
    """Return the root of a message.

    Raises:
        ServiceError: MALFORMED: not well-formed, too large, too deep, a DTD, another encoding.
    """
    if len(message) > MAX_BYTES:
        raise malformed(f"an answer of more than {MAX_BYTES} bytes")
    if b"\0" in message:
        # UTF-16 and UTF-32 with a mark for it and no declaration do not show in `docinfo`.
        raise malformed("an answer in an encoding that is not expected")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(message, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        line = getattr(error, "lineno", None)
        raise malformed(f"not well-formed XML (line {line})") from None
    _check(root)
    return root


def _check(root: Element) -> None:
    document = root.getroottree().docinfo
    if document.doctype:
        raise malformed("a document type in an answer")
    if (document.encoding or "utf-8").lower() not in _ENCODINGS:
        raise malformed("an answer in an encoding that is not expected")
    depth = 0
    for count, (event, _) in enumerate(etree.iterwalk(root, events=("start", "end"))):
        depth += 1 if event == "start" else -1
        if depth > MAX_DEPTH:
            raise malformed(f"elements nested deeper than {MAX_DEPTH}")
        if count > 2 * MAX_ELEMENTS:
            raise malformed(f"more than {MAX_ELEMENTS} elements")


def malformed(what: str) -> ServiceError:
    """The error of an answer that breaks its format; `what` holds nothing of the answer."""
    return ServiceError(Cause.MALFORMED, what)


def text_of(element: Element | None) -> str | None:
    """The trimmed text of an element; None where it is missing or empty.

    Raises:
        ServiceError: MALFORMED: longer than `MAX_TEXT`, or with elements inside.
    """
    if element is None:
        return None
    text = (element.text or "").strip()
    if len(text) > MAX_TEXT or len(element):
        raise malformed(f"{etree.QName(element).localname}: not a short text")
    return text or None


def element(
    parent: Element | None,
    namespace: str,
    name: str,
    text: str | None = None,
    nsmap: Mapping[str | None, str] | None = None,
) -> Element:
    """A new element, last in `parent`; None begins a message.

    `nsmap` gives prefixes (None: no prefix) to namespaces, for this element and those inside.

    Raises:
        ServiceError: NOT_ASKABLE: `text` has a character that XML has no way to write.
    """
    tag = etree.QName(namespace, name)
    prefixes = None if nsmap is None else dict(nsmap)
    made = (
        etree.Element(tag, nsmap=prefixes)
        if parent is None
        else etree.SubElement(parent, tag, nsmap=prefixes)
    )
    try:
        made.text = text
    except ValueError:
        raise ServiceError(Cause.NOT_ASKABLE, f"{name}: a character that XML lacks") from None
    return made


def serialise(root: Element, encoding: str = "utf-8") -> bytes:
    """A message as bytes with its XML declaration; letters outside `encoding` as references."""
    return etree.tostring(root, encoding=encoding, xml_declaration=True)
