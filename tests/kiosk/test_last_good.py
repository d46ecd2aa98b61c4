"""A mistake in the configuration does not darken the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kiosk.config import ConfigError
from kiosk.last_good import STATE_VARIABLE, load_or_last_good, place_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sound configuration, and a state folder as it is installed."""
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    (tmp_path / "state" / "config").mkdir(parents=True)
    (tmp_path / "etc").mkdir()
    path = tmp_path / "etc" / "kiosk.toml"
    path.write_text('[kiosk]\nid = "0412"\n[scanner]\nport = "tty"\n', encoding="utf-8")
    return path


def test_the_last_one_without_a_mistake_is_used(
    config: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sound = load_or_last_good(config)
    config.write_text('[kiosk]\nid = "0413"\nspeed = 3\n', encoding="utf-8")
    kept = load_or_last_good(config)
    assert kept == sound
    # Relative paths still start at the configuration's own folder.
    assert kept.scanner.port == config.parent / "tty"
    assert "unknown key speed" in caplog.text


def test_the_copy_follows_the_configuration(config: Path) -> None:
    load_or_last_good(config)
    config.write_text('[kiosk]\nid = "0414"\n', encoding="utf-8")
    assert load_or_last_good(config).kiosk.id == "0414"
    assert place_of(config).read_bytes() == config.read_bytes()
    assert place_of(config).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in place_of(config).parent.iterdir()] == ["kiosk.toml.good"]


def test_without_a_copy_the_mistake_is_the_end(config: Path) -> None:
    config.write_text("[kiosk]\nid = 3\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"\[kiosk\] id"):
        load_or_last_good(config)


def test_a_copy_with_a_mistake_of_its_own_is_not_used(config: Path) -> None:
    load_or_last_good(config)
    place_of(config).write_text("rubbish", encoding="utf-8")
    config.write_text("rubbish, too", encoding="utf-8")
    with pytest.raises(ConfigError, match="not TOML"):
        load_or_last_good(config)


def test_where_no_state_folder_is_nothing_is_kept(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = config.parent / "nowhere"
    monkeypatch.setenv(STATE_VARIABLE, str(nowhere))
    assert load_or_last_good(config).kiosk.id == "0412"
    assert not nowhere.exists()
