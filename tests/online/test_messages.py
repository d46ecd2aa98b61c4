"""The door to XML: what strangers send in stays within limits, what we send comes out whole."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.lookup import Cause
from kiosk.online.errors import ServiceError
from kiosk.online.messages import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_ELEMENTS,
    MAX_TEXT,
    element,
    parse,
    serialise,
    text_of,
)

if TYPE_CHECKING:
    from pathlib import Path

NS = "urn:test"


def nested(depth: int) -> bytes:
    """Elements inside each other."""
    return b"<a>" * depth + b"</a>" * depth


def laughs(use: str) -> bytes:
    """Ten levels of an entity that is ten of the level below: 10¹⁰ times a word."""
    levels = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 11))
    return f'<!DOCTYPE a [<!ENTITY l0 "word">{levels}]>{use}'.encode()


def quadratic(use: str) -> bytes:
    """One long entity, often: 3·10⁹ characters."""
    return f'<!DOCTYPE a [<!ENTITY b "{"x" * 100_000}">]>{use % ("&b;" * 30_000)}'.encode()


BROKEN = {
    "nothing": b"",
    "spaces": b"  \n",
    "words": b"Service Unavailable",
    "half": b"<a><b>text",
    "two roots": b"<a/><a/>",
    "prefix of nowhere": b"<p:a/>",
    "entity of nowhere": b"<a>&nbsp;</a>",
    "a NUL": b"<a>\0</a>",
    "a NUL by reference": b"<a>&#0;</a>",
    "a lone surrogate": b"<a>\xed\xa0\x80</a>",
    "a lone surrogate by reference": b"<a>&#xd800;</a>",
    "not UTF-8": b"<a>\xff\xfe</a>",
    "windows-1251 without saying so": "<a>ё</a>".encode("windows-1251"),
    "UTF-16 with a mark": "<a>x</a>".encode("utf-16"),
    "UTF-16 that says so": '<?xml version="1.0" encoding="UTF-16"?><a/>'.encode("utf-16"),
    "UTF-16 without a mark": "<a/>".encode("utf-16-le"),
    "UTF-32": "<a/>".encode("utf-32"),
    "UTF-7": b'<?xml version="1.0" encoding="UTF-7"?><a>+ADw-b/+AD4-</a>',
    "EBCDIC": '<?xml version="1.0" encoding="ebcdic-cp-us"?><a/>'.encode("cp037"),
    "KOI8-R": b'<?xml version="1.0" encoding="koi8-r"?><a/>',
    "an encoding that does not exist": b'<?xml version="1.0" encoding="nonsense"?><a/>',
    "a document type": b"<!DOCTYPE a><a/>",
    "a document type elsewhere": b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>',
    "a parameter entity": b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x">%x;]><a/>',
    "entities of entities": laughs("<a>&l10;</a>"),
    "entities of entities in an attribute": laughs('<a b="&l10;"/>'),
    "entities of entities, unused": laughs("<a/>"),
    "an entity that calls itself": b'<!DOCTYPE a [<!ENTITY x "&x;">]><a>&x;</a>',
    "a long entity, often": quadratic("<a>%s</a>"),
    "a long entity in an attribute": quadratic('<a b="%s"/>'),
    "one too deep": nested(MAX_DEPTH + 1),
    "10,000 deep": nested(10_000),
    "too many elements": b"<a>" + b"<b/>" * (MAX_ELEMENTS + 10) + b"</a>",
    "too large": b"<a>" + b" " * MAX_BYTES + b"</a>",
    "too large in a comment": b"<a><!--" + b" " * MAX_BYTES + b"--></a>",
    "a name of 100,000 letters": b"<" + b"a" * 100_000 + b"/>",
}


@pytest.mark.parametrize("message", BROKEN.values(), ids=BROKEN.keys())
def test_takes_nothing_that_is_broken_or_dangerous(message: bytes) -> None:
    with pytest.raises(ServiceError) as caught:
        parse(message)
    assert caught.value.cause is Cause.MALFORMED


SOUND = {
    "plain": b"<a>text</a>",
    "declared": b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<a>text</a>',
    "with a mark of UTF-8": b"\xef\xbb\xbf<a>text</a>",
    "US-ASCII": b'<?xml version="1.0" encoding="US-ASCII"?><a>text</a>',
    "comments and instructions": b"<?x?><!-- c --><a><!-- <!DOCTYPE a> -->te<?y?>xt</a>",
    "CDATA": b"<a><![CDATA[te]]>xt</a>",
    "references": b"<a>&#116;e&#x78;t</a>",
    "spaces around": b"<a>\r\n\ttext </a>",
    "a style sheet": b'<?xml-stylesheet href="http://127.0.0.1:1/"?><a>text</a>',
    "5,000 attributes": b"<a " + b" ".join(b'a%d=""' % i for i in range(5_000)) + b">text</a>",
}


@pytest.mark.parametrize("message", SOUND.values(), ids=SOUND.keys())
def test_reads_what_is_sound(message: bytes) -> None:
    assert text_of(parse(message)) == "text"


def test_reads_to_the_greatest_depth() -> None:
    assert parse(nested(MAX_DEPTH)).tag == "a"


def test_reads_windows_1251() -> None:
    text = '<?xml version="1.0" encoding="windows-1251"?><a>Семёнова №1</a>'
    assert text_of(parse(text.encode("windows-1251"))) == "Семёнова №1"


@pytest.mark.parametrize(
    "message",
    [
        '<!DOCTYPE a [<!ENTITY x SYSTEM "{uri}">]><a>&x;</a>',
        '<!DOCTYPE a SYSTEM "{uri}"><a>&x;</a>',
        '<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="{uri}" parse="text"/></a>',
        '<a xml:base="{uri}"/>',
    ],
    ids=["entity", "external subset", "XInclude", "base"],
)
def test_opens_no_file_for_a_stranger(message: str, tmp_path: Path) -> None:
    """Nobody writes into the pipe: whoever opened it would wait until the test's time is over."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with suppress(ServiceError):
        parse(message.format(uri=pipe.as_uri()).encode())


@given(st.binary(max_size=300))
def test_any_bytes_are_parsed_or_malformed(message: bytes) -> None:
    try:
        parse(message)
    except ServiceError as error:
        refused: Cause | None = error.cause
    else:
        refused = None
    assert refused in {None, Cause.MALFORMED}


@given(st.text(max_size=100), st.sampled_from(["utf-8", "windows-1251"]))
def test_any_text_comes_out_whole_or_cannot_be_asked(text: str, encoding: str) -> None:
    try:
        made = element(None, NS, "a", text)
    except ServiceError as error:
        refused: Cause | None = error.cause
        read = text
    else:
        refused = None
        read = parse(serialise(made, encoding)).text or ""
    assert refused in {None, Cause.NOT_ASKABLE}
    assert read == text


@pytest.mark.parametrize("text", ["\0", "\x1b", "\ud800", "\uffff"])
def test_text_that_xml_lacks_cannot_be_asked(text: str) -> None:
    with pytest.raises(ServiceError) as caught:
        element(None, NS, "a", text)
    assert caught.value.cause is Cause.NOT_ASKABLE


def test_elements_stand_in_their_parent_with_its_prefixes() -> None:
    root = element(None, NS, "a", nsmap={"p": NS})
    element(root, NS, "b", "1 < 2 & ‘3’")
    element(root, NS, "c")
    assert serialise(root).endswith(
        '<p:a xmlns:p="urn:test"><p:b>1 &lt; 2 &amp; ‘3’</p:b><p:c/></p:a>'.encode()
    )


def test_letters_outside_the_encoding_are_references() -> None:
    read = serialise(element(None, NS, "a", "Ǆё"), "windows-1251")
    assert "&#452;ё".encode("windows-1251") in read
    assert text_of(parse(read)) == "Ǆё"


def test_text_of_nothing_is_none() -> None:
    assert text_of(None) is None
    assert text_of(parse(b"<a/>")) is None
    assert text_of(parse(b"<a> \n </a>")) is None


@pytest.mark.parametrize(
    "message", [b"<a>%s</a>" % (b"x" * (MAX_TEXT + 1)), b"<a>text<b/></a>"], ids=["long", "nested"]
)
def test_text_of_something_else_is_malformed(message: bytes) -> None:
    with pytest.raises(ServiceError) as caught:
        text_of(parse(message))
    assert caught.value.cause is Cause.MALFORMED
