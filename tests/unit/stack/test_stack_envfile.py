"""The env file gives a shell, and the stack's own commands, exactly the values that were put in."""

import stat
import subprocess
from pathlib import Path

import pytest

from pds_stack import envfile
from pds_stack.errors import UsageError

VALUES = {
    "PLAIN": "http://127.0.0.1:8080/api",
    "EMPTY": "",
    "QUOTES": """it's "quoted" and `not run` $(false) $HOME \\n #no comment; & * ~""",
    "NON_ASCII": "zoë",
}


def in_a_shell(file: Path, name: str) -> str:
    command = ["/bin/sh", "-euc", '. "$1" && printenv "$2"', "sh", str(file), name]
    answer = subprocess.run(
        command, env={"PATH": "/usr/bin:/bin", "HOME": "/"}, capture_output=True, check=True, text=True
    )
    return answer.stdout.removesuffix("\n")


@pytest.mark.parametrize("name", VALUES)
def test_a_shell_reads_each_value_as_it_was(tmp_path: Path, name: str) -> None:
    file = tmp_path / "env"
    file.write_text(envfile.render(VALUES))

    assert in_a_shell(file, name) == VALUES[name]


def test_a_shell_gets_the_folder_before_its_own_path(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text(envfile.render({}, first_on_path=Path("/a folder/$with `signs")))

    assert in_a_shell(file, "PATH") == "/a folder/$with `signs:/usr/bin:/bin"


def test_parse_is_the_inverse_of_render_and_leaves_path_out() -> None:
    assert envfile.parse(envfile.render(VALUES, first_on_path=Path("/bin"))) == VALUES


def test_the_file_is_private_and_goes_with_the_folder_made_for_it(tmp_path: Path) -> None:
    file = tmp_path / "made" / "for it" / "env"

    with envfile.published(file, "export A=1\n"):
        assert file.read_text() == "export A=1\n"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600

    assert list(tmp_path.iterdir()) == []


def test_a_file_in_use_is_refused_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "env"

    with envfile.published(file, "first"):
        with pytest.raises(UsageError, match="belongs to a stack that runs"):
            envfile.refuse_if_in_use(file)
        with pytest.raises(UsageError), envfile.published(file, "second"):
            pytest.fail("the second was published")
        assert [entry.name for entry in tmp_path.iterdir()] == ["env"]
        assert file.read_text() == "first"


def test_a_file_that_a_killed_stack_left_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text("left behind")

    with envfile.published(file, "new"):
        assert file.read_text() == "new"

    assert not file.exists()


def test_a_file_put_in_its_place_is_not_removed(tmp_path: Path) -> None:
    file = tmp_path / "env"

    with envfile.published(file, "ours"):
        file.unlink()
        file.write_text("of somebody else")

    assert file.read_text() == "of somebody else"


def test_settings_come_from_the_environment_if_it_has_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A", "1")
    monkeypatch.setenv("B", "2")

    assert envfile.settings(("A", "B"), None) == {"A": "1", "B": "2"}


def test_settings_never_mix_two_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    envfile.DEFAULT.parent.mkdir()
    envfile.DEFAULT.write_text(envfile.render({"A": "of the file", "B": "of the file"}))
    monkeypatch.setenv("A", "of the environment")
    monkeypatch.delenv("B", raising=False)

    assert envfile.settings(("A", "B"), None) == {"A": "of the file", "B": "of the file"}


def test_a_named_file_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("A", "of the environment")
    (tmp_path / "env").write_text("export A='of the file'\n")

    assert envfile.settings(("A",), tmp_path / "env") == {"A": "of the file"}


def test_a_missing_file_or_setting_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"start `pds-stack up`.*--env"):
        envfile.settings(("A",), tmp_path / "env")
    (tmp_path / "env").write_text("export B=1\n")
    with pytest.raises(UsageError, match="has no A"):
        envfile.settings(("A",), tmp_path / "env")
