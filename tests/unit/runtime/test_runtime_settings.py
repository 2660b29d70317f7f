"""Settings: from the environment, else from files, and everything that is wrong with them said at once."""

import os
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings

from pds_runtime.settings import load_settings


class Example(BaseSettings):
    """One of each kind of setting that the commands have."""

    example_token: SecretStr = Field(min_length=1)
    example_url: str = Field(validation_alias=AliasChoices("EXAMPLE_URL", "NEXT_PUBLIC_EXAMPLE_URL"))
    example_port: int = Field(default=8080, ge=1, le=65535)
    example_seconds: Annotated[float, Field(ge=0)] = 1.5
    example_paused: bool = False


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRETS_DIR", *(name for name in os.environ if "EXAMPLE_" in name.upper())):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that SECRETS_DIR names."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    monkeypatch.setenv("SECRETS_DIR", str(folder))
    return folder


def refused(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What is printed where the settings cannot be used, line by line."""
    with pytest.raises(SystemExit) as caught:
        load_settings(Example)
    assert caught.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err.splitlines()


def test_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_TOKEN", "t")
    monkeypatch.setenv("NEXT_PUBLIC_EXAMPLE_URL", "http://a.example")
    monkeypatch.setenv("EXAMPLE_SECONDS", "0.25")
    read = load_settings(Example)
    assert read.example_token.get_secret_value() == "t"
    assert (read.example_url, read.example_seconds) == ("http://a.example", 0.25)
    assert (read.example_port, read.example_paused) == (8080, False)


def test_from_files(secrets: Path) -> None:
    (secrets / "EXAMPLE_TOKEN").write_text("t\n")
    (secrets / "EXAMPLE_URL").write_text("  http://a.example\n")
    (secrets / "EXAMPLE_PORT").write_text("9000\n")
    (secrets / "OF_ANOTHER_PROGRAM").write_text("x")
    read = load_settings(Example)
    assert (read.example_token.get_secret_value(), read.example_url, read.example_port) == (
        "t",
        "http://a.example",
        9000,
    )


def test_from_files_as_kubernetes_mounts_them(secrets: Path) -> None:
    (secrets / "..2026").mkdir()
    (secrets / "..data").symlink_to("..2026")
    for name, value in (("EXAMPLE_TOKEN", "t"), ("EXAMPLE_URL", "http://a.example")):
        (secrets / "..2026" / name).write_text(value)
        (secrets / name).symlink_to(Path("..data") / name)
    assert load_settings(Example).example_token.get_secret_value() == "t"


def test_the_environment_goes_before_a_file(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EXAMPLE_TOKEN", "EXAMPLE_URL"):
        (secrets / name).write_text("of the file")
        monkeypatch.setenv(name, "of the environment")
    read = load_settings(Example)
    assert read.example_token.get_secret_value() == read.example_url == "of the environment"


def test_an_empty_variable_counts_as_missing(
    secrets: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("EXAMPLE_TOKEN", "EXAMPLE_URL", "EXAMPLE_PORT"):
        monkeypatch.setenv(name, "")
    missing = "is missing; set it in the environment, or as a file of that name in SECRETS_DIR"
    assert refused(capsys) == [f"EXAMPLE_TOKEN: {missing}", f"EXAMPLE_URL: {missing}"]

    (secrets / "EXAMPLE_TOKEN").write_text("t")
    (secrets / "EXAMPLE_URL").write_text("http://a.example")
    read = load_settings(Example)
    assert (read.example_token.get_secret_value(), read.example_port) == ("t", 8080)


def test_an_empty_file_counts_as_missing(
    secrets: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EXAMPLE_URL", "http://a.example")
    (secrets / "EXAMPLE_TOKEN").write_text("\n")
    (line,) = refused(capsys)
    assert line.startswith("EXAMPLE_TOKEN: is missing")


def test_an_empty_secrets_dir_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRETS_DIR", "")
    monkeypatch.setenv("EXAMPLE_TOKEN", "t")
    monkeypatch.setenv("EXAMPLE_URL", "http://a.example")
    assert load_settings(Example).example_token.get_secret_value() == "t"


def test_all_problems_are_said_at_once_and_no_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EXAMPLE_PORT", "zqxj")
    monkeypatch.setenv("EXAMPLE_SECONDS", "-777.5")
    monkeypatch.setenv("EXAMPLE_PAUSED", "zqxj")
    lines = refused(capsys)
    assert sorted(line.partition(": ")[0] for line in lines) == [
        "EXAMPLE_PAUSED",
        "EXAMPLE_PORT",
        "EXAMPLE_SECONDS",
        "EXAMPLE_TOKEN",
        "EXAMPLE_URL",
    ]
    assert not [line for line in lines if "zqxj" in line or "777" in line]


@pytest.mark.parametrize("there", ["nothing", "a file"])
def test_a_secrets_dir_that_is_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], there: str
) -> None:
    path = tmp_path / "secrets"
    if there == "a file":
        path.write_text("zqxj")
    monkeypatch.setenv("SECRETS_DIR", str(path))
    assert refused(capsys) == [f"SECRETS_DIR: {path} is not a folder; mount the Secret there, or unset it"]


def test_a_file_that_is_no_text(secrets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (secrets / "EXAMPLE_TOKEN").write_bytes(b"zqxj\xff")
    (line,) = refused(capsys)
    assert "example_token" in line
    assert "must be readable UTF-8 text" in line
    assert "zqxj" not in line
