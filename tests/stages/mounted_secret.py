"""A mounted Secret as the kubelet lays it out, and swaps it when the Secret is changed."""

import itertools
import shutil
from pathlib import Path


class MountedSecret:
    """The names lead through ``..data`` to a folder of this version, for which another one is swapped in one step."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._versions = itertools.count(1)

    def update(self, **content: bytes | str | None) -> None:
        """Swap to a new version, in which the keys have these values; None: there is no such key."""
        data, number = self.folder / "..data", next(self._versions)
        former = data.resolve() if data.is_symlink() else None
        version = self.folder / f"..2026_11_23_12_00_00.{number:010}"
        version.mkdir()
        for name, value in content.items():
            if value is not None:
                (version / name).write_bytes(value.encode() if isinstance(value, str) else value)
        following = self.folder / "..data_tmp"
        following.symlink_to(version.name)
        following.rename(data)
        for name in content:
            visible = self.folder / name
            if not visible.is_symlink():
                visible.symlink_to(Path("..data") / name)
        if former is not None:
            shutil.rmtree(former)

    def remove(self) -> None:
        """Take it away, as while the volume is mounted anew."""
        shutil.rmtree((self.folder / "..data").resolve())
        (self.folder / "..data").unlink()
