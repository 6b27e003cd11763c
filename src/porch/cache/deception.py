"""Whether an answer is of the type that the end of its path promises.

Web cache deception: `/account/x.css` is no style sheet to an origin that answers all below
`/account/` with the account. Who gets somebody to follow such a link asks for the page after. The
end of a path proves nothing, but a page where a style sheet was promised is no thing to keep.
"""

import re

__all__ = ["agrees", "promised"]

_SCRIPT = (
    *(b"text/javascript", b"application/javascript", b"application/x-javascript"),
    *(b"text/ecmascript", b"application/ecmascript"),
)
_MOVING = (b"image/", b"video/")
"""What a `.gif` is made by those who make pictures smaller on their way."""
_FONT = (b"font/", b"application/font", b"application/x-font", b"application/vnd.ms-fontobject")
_SOUND_OR_FILM = (b"audio/", b"video/", b"application/ogg")
_SHEET = (b"text/csv", b"text/plain", b"application/vnd.ms-excel")
_FILE = (b"application/",)

_PICTURES = b"avif bmp heic ico jpeg jpg jxl png svg svgz tif tiff webp"
_FONTS = b"eot otf ttf woff woff2"
_SOUNDS = b"aac flac m4a mid mp3 oga ogg opus wav"
_FILMS = b"avi m4s m4v mkv mov mp4 mpeg mpg ogv ts webm wmv"
_ARCHIVES = b"7z apk bz2 dmg exe gz iso jar msi rar tar tgz xz zip zst"
_PAPERS = b"doc docx odp ods odt pdf pps ppt pptx ps xls xlsx"

_PROMISED = {
    b"css": (b"text/css",),
    **dict.fromkeys((b"js", b"mjs", b"cjs"), _SCRIPT),
    b"map": (b"application/json", b"application/octet-stream", b"text/plain"),
    b"wasm": (b"application/wasm",),
    **dict.fromkeys(_PICTURES.split(), (b"image/",)),
    b"gif": _MOVING,
    **dict.fromkeys(_FONTS.split(), _FONT),
    **dict.fromkeys((_SOUNDS + b" " + _FILMS).split(), _SOUND_OR_FILM),
    **dict.fromkeys((_ARCHIVES + b" " + _PAPERS).split(), _FILE),
    b"csv": _SHEET,
    b"txt": (b"text/plain",),
    b"swf": (b"application/x-shockwave-flash", b"application/vnd.adobe.flash"),
}
"""End of a path -> what a type that agrees begins with. Ends that pages have too are not here."""

_NOT_PROMISED = (b"application/json", b"application/xml", b"application/xhtml")
"""What `application/` does not mean: data and pages."""
_BYTES = b"application/octet-stream"
"""Agrees with every promise: no browser shows it, and plain file servers say it."""

_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_END = re.compile(rb"\.([A-Za-z0-9]{1,5})(?=\Z|[;?#\x00-\x20/\\])")


def promised(target: bytes) -> tuple[bytes, ...] | None:
    """What the type of an answer should begin with, by the end of the path, or None if that
    promises nothing. Also an end that only appears when escapes are decoded, or that stands before
    what some origins cut off (`;`, `%00`, a slash), counts: some cache believes it."""
    path = target.partition(b"?")[0]
    decoded = _ESCAPE.sub(lambda escape: bytes((int(escape[1], 16),)), path)
    for end in reversed(_END.findall(decoded)):
        found = _PROMISED.get(end.lower())
        if found is not None:
            return found
    return None


def agrees(target: bytes, content_type: bytes | None) -> bool:
    """Whether an answer of this Content-Type may be what the path of `target` promises."""
    expected = promised(target)
    if expected is None:
        return True
    if content_type is None:
        return False
    media = content_type.partition(b";")[0].strip(b" \t").lower()
    if media == _BYTES:
        return True
    return media.startswith(expected) and not (
        expected == _FILE and media.startswith(_NOT_PROMISED)
    )
