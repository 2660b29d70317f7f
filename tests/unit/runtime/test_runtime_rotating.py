"""A secret that follows its file, as Kubernetes replaces mounted ones."""

from pathlib import Path

import pytest

from pds_runtime.settings import rotating
from stages.mounted_secret import MountedSecret

NAME = "EXAMPLE_TOKEN"


@pytest.fixture
def mount(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MountedSecret:
    monkeypatch.delenv(NAME, raising=False)
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    return MountedSecret(tmp_path)


def test_each_swap_is_followed(mount: MountedSecret) -> None:
    mount.update(**{NAME: b"first\n"})
    read = rotating(NAME, "first")
    assert read() == "first"
    for value in ("other", "third", "other"):  # some of them of one length
        mount.update(**{NAME: f"{value}\n".encode()})
        assert read() == value
        assert read() == value


def test_a_swap_before_the_first_look_is_seen(mount: MountedSecret) -> None:
    mount.update(**{NAME: b"first"})
    read = rotating(NAME, "first")
    mount.update(**{NAME: b"second"})
    assert read() == "second"


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe"], ids=repr)
def test_the_last_good_one_serves_while_the_file_holds_none(mount: MountedSecret, content: bytes | None) -> None:
    mount.update(**{NAME: b"first"})
    read = rotating(NAME, "at start")
    assert read() == "first"
    mount.update(**{NAME: content})
    assert read() == "first"
    mount.update(**{NAME: b"second"})
    assert read() == "second"


def test_the_last_good_one_serves_while_the_folder_is_away(mount: MountedSecret) -> None:
    read = rotating(NAME, "at start")
    assert read() == "at start"
    mount.update(**{NAME: b"first"})
    assert read() == "first"
    mount.remove()
    assert read() == "first"
    mount.update(**{NAME: b"second"})
    assert read() == "second"


def test_a_file_written_in_place_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAME, raising=False)
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    (tmp_path / NAME).write_text("first")
    read = rotating(NAME, "first")
    assert read() == "first"
    (tmp_path / NAME).write_text("the second")
    assert read() == "the second"


def test_what_came_from_the_environment_stays(mount: MountedSecret, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "of the environment")
    mount.update(**{NAME: b"of the file"})
    assert rotating(NAME, "of the environment")() == "of the environment"


def test_an_empty_variable_gives_way_to_the_file(mount: MountedSecret, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "")
    mount.update(**{NAME: b"of the file"})
    assert rotating(NAME, "of the file")() == "of the file"
    mount.update(**{NAME: b"rotated"})
    assert rotating(NAME, "of the file")() == "rotated"


def test_without_a_folder_it_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRETS_DIR", raising=False)
    assert rotating(NAME, "at start")() == "at start"
