"""What a file is, by the end of its name (RFC 9110 8.3).

A table of our own: the system's differ from one machine to the next, and a page that is shown on
one would be downloaded from another.
"""

from collections.abc import Mapping

__all__ = ["TYPES", "UNKNOWN", "MediaTypes", "shrinks"]

UNKNOWN = b"application/octet-stream"

TYPES: Mapping[str, str] = {
    "7z": "application/x-7z-compressed",
    "aac": "audio/aac",
    "apk": "application/vnd.android.package-archive",
    "apng": "image/apng",
    "atom": "application/atom+xml",
    "avi": "video/x-msvideo",
    "avif": "image/avif",
    "bin": "application/octet-stream",
    "bmp": "image/bmp",
    "br": "application/x-br",
    "bz2": "application/x-bzip2",
    "cjs": "text/javascript",
    "conf": "text/plain",
    "css": "text/css",
    "csv": "text/csv",
    "deb": "application/vnd.debian.binary-package",
    "dmg": "application/x-apple-diskimage",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "eot": "application/vnd.ms-fontobject",
    "epub": "application/epub+zip",
    "exe": "application/vnd.microsoft.portable-executable",
    "flac": "audio/flac",
    "gif": "image/gif",
    "glb": "model/gltf-binary",
    "gltf": "model/gltf+json",
    "gz": "application/gzip",
    "heic": "image/heic",
    "htm": "text/html",
    "html": "text/html",
    "ico": "image/x-icon",
    "ics": "text/calendar",
    "iso": "application/octet-stream",
    "jar": "application/java-archive",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "js": "text/javascript",
    "json": "application/json",
    "jsonld": "application/ld+json",
    "jxl": "image/jxl",
    "log": "text/plain",
    "m3u8": "application/vnd.apple.mpegurl",
    "m4a": "audio/mp4",
    "m4s": "video/iso.segment",
    "m4v": "video/mp4",
    "map": "application/json",
    "md": "text/markdown",
    "mjs": "text/javascript",
    "mkv": "video/matroska",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "mpd": "application/dash+xml",
    "mpeg": "video/mpeg",
    "odp": "application/vnd.oasis.opendocument.presentation",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "ogv": "video/ogg",
    "opus": "audio/ogg",
    "otf": "font/otf",
    "parquet": "application/vnd.apache.parquet",
    "pdf": "application/pdf",
    "png": "image/png",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "ps": "application/postscript",
    "rar": "application/vnd.rar",
    "rpm": "application/x-rpm",
    "rss": "application/rss+xml",
    "rtf": "application/rtf",
    "sh": "text/plain",
    "sql": "text/plain",
    "svg": "image/svg+xml",
    "tar": "application/x-tar",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "toml": "application/toml",
    "ts": "video/mp2t",
    "ttf": "font/ttf",
    "txt": "text/plain",
    "usdz": "model/vnd.usdz+zip",
    "vtt": "text/vtt",
    "wasm": "application/wasm",
    "wav": "audio/wav",
    "weba": "audio/webm",
    "webm": "video/webm",
    "webmanifest": "application/manifest+json",
    "webp": "image/webp",
    "whl": "application/zip",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "xhtml": "application/xhtml+xml",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "text/xml",
    "xsl": "application/xslt+xml",
    "xz": "application/x-xz",
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "zip": "application/zip",
    "zst": "application/zstd",
}
"""By what stands behind the last dot of a name, in small letters."""

_TEXTS = frozenset(
    (
        *("application/json", "application/toml", "application/wasm", "application/yaml"),
        *("application/postscript", "application/rtf", "application/vnd.apple.mpegurl"),
        *("application/vnd.ms-fontobject", "application/x-tar", "font/otf", "font/ttf"),
        *("image/bmp", "image/x-icon", "model/gltf-binary"),
    )
)
"""What becomes smaller, besides text and what ends in +xml and +json."""


class MediaTypes:
    """The table, with more or others of the operator's."""

    __slots__ = ("_known",)

    def __init__(self, more: Mapping[str, str] | None = None) -> None:
        """more: by the end of a name, without its dot; `""` for all that is not known."""
        self._known: dict[bytes, bytes] = {b"": UNKNOWN}
        for end, kind in {**TYPES, **(more or {})}.items():
            if kind.startswith("text/") and ";" not in kind:
                kind += "; charset=utf-8"
            self._known[end.lower().encode()] = kind.encode()

    def of(self, name: bytes) -> bytes:
        """The Content-Type of a file of this name."""
        _, dot, end = name.rpartition(b".")
        found = self._known.get(end.lower()) if dot else None
        return found or self._known[b""]


def shrinks(kind: bytes) -> bool:
    """Whether a compressed copy of a file with this Content-Type may be of use."""
    media = kind.partition(b";")[0].decode("latin-1")
    return media in _TEXTS or media.startswith("text/") or media.endswith(("+xml", "+json"))
