"""The files that pages are made with: style sheets, modules, the icon. Read once, packed once, addressed by content.

All share one version, the hash of everything, as a folder in their addresses: a module's relative import of another
stays inside it, with no build step to rewrite it.
"""

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from pds_portal.safety.headers import IMMUTABLE

FOLDER = Path(__file__).parent / "static"
PREFIX = "/static"
ROUTES = web.RouteTableDef()

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_VERSION_DIGITS = 16
_WEIGHT_OF_NOTHING = re.compile(r"q=0(\.0*)?")
_REVALIDATED = "no-cache"


@dataclass(frozen=True)
class Asset:
    """One file, as it is sent: plain, and packed where that makes it smaller."""

    content_type: str
    plain: bytes
    packed: bytes | None

    @classmethod
    def of(cls, path: Path) -> "Asset":
        """Read a file of a known kind."""
        plain = path.read_bytes()
        packed = gzip.compress(plain, compresslevel=9, mtime=0)
        return cls(_TYPES[path.suffix], plain, packed if len(packed) < len(plain) else None)


@dataclass(frozen=True)
class Assets:
    """Every file there is, by name; no other name is ever looked for on the disk."""

    version: str
    files: Mapping[str, Asset]

    @classmethod
    def read(cls, folder: Path = FOLDER) -> "Assets":
        """Read a folder's files of the known kinds."""
        files = {path.name: Asset.of(path) for path in sorted(folder.iterdir()) if path.suffix in _TYPES}
        content = hashlib.sha256()
        for name, file in files.items():
            content.update(f"{name}\0{len(file.plain)}\0".encode() + file.plain)
        return cls(content.hexdigest()[:_VERSION_DIGITS], files)

    def url(self, name: str) -> str:
        """Return a file's address.

        Raises:
            KeyError: There is no such file; a template is wrong.
        """
        if name not in self.files:
            raise KeyError(f"no file {name} in {FOLDER.name}/")
        return f"{PREFIX}/{self.version}/{name}"


ASSETS = Assets.read(FOLDER)


def url(name: str) -> str:
    """Return the address of one of the portal's own files, for templates."""
    return ASSETS.url(name)


@ROUTES.get(PREFIX + "/{version:[0-9a-f]+}/{name}")
@ROUTES.get(PREFIX + "/{name}")
async def serve(request: web.Request) -> web.Response:
    """Send a file.

    Under another version than ours it is what we have, for this once: while a new release rolls out, one replica's page
    asks another replica for its files.
    """
    asset = ASSETS.files.get(request.match_info["name"])
    if asset is None:
        raise web.HTTPNotFound
    current = request.match_info.get("version") == ASSETS.version
    headers = {
        "Content-Type": asset.content_type,
        "Cache-Control": IMMUTABLE if current else _REVALIDATED,
        "Vary": "Accept-Encoding",
    }
    if asset.packed is not None and takes_gzip(request.headers.get("Accept-Encoding", "")):
        return web.Response(body=asset.packed, headers={**headers, "Content-Encoding": "gzip"})
    return web.Response(body=asset.plain, headers=headers)


def takes_gzip(accepted: str) -> bool:
    """Read Accept-Encoding (RFC 9110, 12.5.3): ``gzip`` or ``*``, and not with a weight of zero."""
    taken = {}
    for each in accepted.lower().split(","):
        coding, _, weight = each.replace(" ", "").partition(";")
        taken[coding] = not _WEIGHT_OF_NOTHING.fullmatch(weight)
    return taken.get("gzip", taken.get("*", False))
