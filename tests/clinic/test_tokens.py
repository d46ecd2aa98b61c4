"""The file of tokens: what is read, what is refused, and what a change does."""

from __future__ import annotations

import hashlib
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.clinic.fields import Scope
from kiosk.clinic.tokens import MOST_BYTES, Caller, TokenFileError, Tokens, make_token, parse
from kiosk.clinic.worker import _tokens_file
from kiosk.config_sections import ClinicSection

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = hashlib.sha256(b"oms_x").hexdigest()


def _file(path: Path, *lines: str, mode: int = 0o600) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    path.chmod(mode)
    return path


def test_a_new_token_gets_in_by_its_line(tmp_path: Path) -> None:
    token, line = make_token("mis-1", frozenset({Scope.PHOTO, Scope.VERDICT}))
    tokens = Tokens(_file(tmp_path / "tokens", "# a comment", "", line))
    assert tokens.find(token) == Caller("mis-1", frozenset({Scope.PHOTO, Scope.VERDICT}))
    assert tokens.find(token[:-1]) is None
    assert tokens.find(line.split()[1]) is None, "the digest lets nobody in"
    assert token not in line
    assert len(token) > 40


def test_two_tokens_are_never_the_same() -> None:
    scopes = frozenset({Scope.VERDICT})
    assert len({make_token("a", scopes)[0] for _ in range(100)}) == 100


@pytest.mark.parametrize("name", ["", "Ann", "a b", "a" * 33, "-a", "имя", "a\n"])
def test_a_name_that_would_not_be_read_back_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="1 to 32"):
        make_token(name, frozenset({Scope.VERDICT}))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(f"mis {DIGEST}", "name, digest and scopes", id="no-scopes"),
        pytest.param(f"MIS {DIGEST} verdict", "a name", id="name"),
        pytest.param(f"mis {DIGEST[:-1]} verdict", "64", id="short-digest"),
        pytest.param(f"mis {DIGEST.upper()} verdict", "64", id="capitals"),
        pytest.param(f"mis {DIGEST} everything", "scopes are", id="scope"),
        pytest.param(f"mis {DIGEST} verdict,verdict", "scopes are", id="scope-twice"),
        pytest.param(f"mis {DIGEST} verdict,", "scopes are", id="empty-scope"),
        pytest.param(f"mis {DIGEST} verdict\nmis {DIGEST} verdict", "line 2", id="name-twice"),
    ],
)
def test_a_bad_line_is_named_without_its_digest(text: str, words: str) -> None:
    with pytest.raises(TokenFileError, match=words) as caught:
        parse(text)
    assert DIGEST[:20] not in str(caught.value)


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(TokenFileError):
        assert all(entry.caller.scopes for entry in parse(text))


def test_changes_count_at_once(tmp_path: Path) -> None:
    first, first_line = make_token("a", frozenset({Scope.VERDICT}))
    second, second_line = make_token("b", frozenset({Scope.NUMBER}))
    path = tmp_path / "tokens"
    tokens = Tokens(path)
    assert tokens.find(first) is None
    _file(path, first_line)
    caller = tokens.find(first)
    assert caller is not None
    assert tokens.still_holds(caller)
    _file(path, second_line, "# longer")
    assert tokens.find(first) is None
    assert not tokens.still_holds(caller)
    assert tokens.find(second) is not None
    path.unlink()
    assert tokens.find(second) is None


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_lets_nobody_in(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int
) -> None:
    token, line = make_token("a", frozenset({Scope.VERDICT}))
    tokens = Tokens(_file(tmp_path / "tokens", line, mode=mode))
    for _ in range(3):
        assert tokens.find(token) is None
    assert caplog.text.count("others may write") == 1
    assert token not in caplog.text


def test_rights_that_change_count_at_once(tmp_path: Path) -> None:
    token, line = make_token("a", frozenset({Scope.VERDICT}))
    path = _file(tmp_path / "tokens", line)
    tokens = Tokens(path)
    assert tokens.find(token) is not None
    path.chmod(0o622)
    assert tokens.find(token) is None
    path.chmod(0o600)
    assert tokens.find(token) is not None


def test_a_file_that_is_wrong_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token, line = make_token("a", frozenset({Scope.VERDICT}))
    path = _file(tmp_path / "tokens", line, "rubbish")
    tokens = Tokens(path)
    reads: list[str] = []

    def counted(text: str) -> Any:
        reads.append(text)
        return parse(text)

    monkeypatch.setattr("kiosk.clinic.tokens.parse", counted)
    for _ in range(5):
        assert tokens.find(token) is None
    assert len(reads) == 1
    _file(path, line)
    assert tokens.find(token) is not None


def test_a_file_that_comes_back_as_it_was_counts_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, line = make_token("a", frozenset({Scope.VERDICT}))
    tokens = Tokens(_file(tmp_path / "tokens", line))
    assert tokens.find(token) is not None
    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.stat", lambda _self: (_ for _ in ()).throw(OSError(5, "")))
        assert tokens.find(token) is None
    assert tokens.find(token) is not None


def test_a_file_that_is_too_large_or_no_text_lets_nobody_in(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    token, line = make_token("a", frozenset({Scope.VERDICT}))
    assert Tokens(_file(tmp_path / "large", line, "#" * MOST_BYTES)).find(token) is None
    assert Tokens(_file(tmp_path / "words", line, "# имя")).find(token) is None
    with caplog.at_level(logging.ERROR):
        assert Tokens(tmp_path / "missing").find(token) is None
    assert Tokens(None).find(token) is None


def test_the_credential_is_used_where_no_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    assert _tokens_file(ClinicSection()) is None
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert _tokens_file(ClinicSection()) == tmp_path / "clinic-tokens"
    assert _tokens_file(ClinicSection(tokens_file=tmp_path / "x")) == tmp_path / "x"
