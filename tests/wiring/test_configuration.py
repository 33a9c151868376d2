"""Bad configuration gives one sentence: what, where, what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from config.loading import load_assistants
from config.models import load_models
from config.settings import Settings
from core.errors import ConfigurationError


def _folder(tmp_path: Path, content: str) -> Path:
    (tmp_path / "tutor.toml").write_text(content, encoding="utf-8")
    return tmp_path


def test_an_assistant_is_its_file(tmp_path: Path) -> None:
    files = load_assistants(
        _folder(tmp_path, 'name = "T"\ntools = ["code_interpreter", "file_search"]')
    )
    assert files["tutor"].name == "T"
    assert files["tutor"].tools == ("code_interpreter", "file_search")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('name = "T', ("tutor.toml", "not valid TOML")),
        ('nme = "T"', ("tutor.toml", "unknown field 'nme'", "instructions")),
        ('name = "T"\ntools = ["telepathy"]', ("tutor.toml", "'telepathy'", "code_interpreter")),
        ('name = "T"\ntemperature = "hot"', ("tutor.toml", "`temperature`", "0 to 2")),
        ('name = "T"\ntools = "code_interpreter"', ("tutor.toml", "`tools`", "list of texts")),
        ("name = 5", ("tutor.toml", "`name`", "text")),
    ],
)
def test_a_broken_assistant_file_is_named_with_its_mistake(
    tmp_path: Path, content: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_assistants(_folder(tmp_path, content))
    assert all(word in str(caught.value) for word in words)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("default = 5", ("`default`",)),
        ('default = "m"\n[[models]]\nwindow = 5', ("[[models]] number 1", "'window'")),
        ('default = "m"\n[[aliases]]\nto = "x"', ("[[aliases]] number 1", "`match`")),
        (
            'default = "m"\n[[models]]\nmatch = "x"\ntool_mode = "magic"',
            ("[[models]] number 1", "native or json"),
        ),
    ],
)
def test_a_broken_model_table_is_named_with_its_mistake(
    tmp_path: Path, content: str, words: tuple[str, ...]
) -> None:
    path = tmp_path / "models.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_models(path)
    assert all(word in str(caught.value) for word in words)


def test_the_shipped_files_are_right() -> None:
    assert load_assistants()["math-tutor"].tools == ("code_interpreter",)
    assert load_models().default


def test_keys_are_kept_apart_only_where_there_are_keys() -> None:
    """Without any, everybody would be nobody's tenant."""
    apart = {"bobbin_api_tenants": "keys"}
    with pytest.raises(ValidationError, match="set BOBBIN_API_KEYS as well"):
        Settings.model_validate(apart)
    assert Settings.model_validate({**apart, "bobbin_api_keys": "a, b"}).api_keys == ("a", "b")
