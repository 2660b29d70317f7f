"""A secret that follows its file, as Kubernetes replaces mounted ones."""

import shutil
from pathlib import Path

import pytest

from pds_runtime.settings import rotating

NAME = "EXAMPLE_TOKEN"


class Mount:
    """A mounted Secret: the names lead through ``..data``, which is swapped for a new folder in one step."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._version = 0
        (folder / NAME).symlink_to(Path("..data") / NAME)

    def update(self, content: bytes | None) -> None:
        """Swap to a new version, in which the secret is this; None: it has no such key."""
        self._version += 1
        version = self._folder / f"..{self._version}"
        version.mkdir()
        if content is not None:
            (version / NAME).write_bytes(content)
        following = self._folder / "..data_tmp"
        following.symlink_to(version.name)
        following.rename(self._folder / "..data")
        shutil.rmtree(self._folder / f"..{self._version - 1}", ignore_errors=True)

    def remove(self) -> None:
        (self._folder / "..data").unlink()


@pytest.fixture
def mount(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mount:
    monkeypatch.delenv(NAME, raising=False)
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    return Mount(tmp_path)


def test_each_swap_is_followed(mount: Mount) -> None:
    mount.update(b"first\n")
    read = rotating(NAME, "first")
    assert read() == "first"
    for value in ("other", "third", "other"):  # some of them of one length
        mount.update(f"{value}\n".encode())
        assert read() == value
        assert read() == value


def test_a_swap_before_the_first_look_is_seen(mount: Mount) -> None:
    mount.update(b"first")
    read = rotating(NAME, "first")
    mount.update(b"second")
    assert read() == "second"


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe"], ids=repr)
def test_the_last_good_one_serves_while_the_file_holds_none(mount: Mount, content: bytes | None) -> None:
    mount.update(b"first")
    read = rotating(NAME, "at start")
    assert read() == "first"
    mount.update(content)
    assert read() == "first"
    mount.update(b"second")
    assert read() == "second"


def test_the_last_good_one_serves_while_the_folder_is_away(mount: Mount) -> None:
    read = rotating(NAME, "at start")
    assert read() == "at start"
    mount.update(b"first")
    assert read() == "first"
    mount.remove()
    assert read() == "first"
    mount.update(b"second")
    assert read() == "second"


def test_a_file_written_in_place_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAME, raising=False)
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    (tmp_path / NAME).write_text("first")
    read = rotating(NAME, "first")
    assert read() == "first"
    (tmp_path / NAME).write_text("the second")
    assert read() == "the second"


def test_what_came_from_the_environment_stays(mount: Mount, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "of the environment")
    mount.update(b"of the file")
    assert rotating(NAME, "of the environment")() == "of the environment"


def test_an_empty_variable_gives_way_to_the_file(mount: Mount, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "")
    mount.update(b"of the file")
    assert rotating(NAME, "of the file")() == "of the file"
    mount.update(b"rotated")
    assert rotating(NAME, "of the file")() == "rotated"


def test_without_a_folder_it_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRETS_DIR", raising=False)
    assert rotating(NAME, "at start")() == "at start"
