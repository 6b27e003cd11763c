"""What no log and no page may repeat: secrets in URLs and in fields.

A parameter is judged by its name, and by its value only where that is a JSON Web Token (RFC 7519)
or has names of its own: a URL, or JSON. Too much is redacted rather than too little. A secret
that stands in a path under no name cannot be known.
"""

import re
from urllib.parse import unquote_to_bytes

from porch.observe.memo import Memo

__all__ = [
    "ANYWHERE",
    "REDACTED",
    "SECRET_FIELDS",
    "URL_FIELDS",
    "WORDS",
    "is_secret",
    "redact_field",
    "redact_text",
    "redact_url",
]

REDACTED = b"***"

SECRET_FIELDS = frozenset((b"authorization", b"cookie", b"proxy-authorization", b"set-cookie"))
"""Fields whose value is never shown; so are those whose name is secret (X-Api-Key)."""

ANYWHERE = (
    *("accesskey", "apikey", "assertion", "authcode", "authkey", "bearer", "credential", "jwt"),
    *("passphrase", "passw", "privatekey", "saml", "secret", "sessid", "session", "signature"),
    "token",
)
"""Inside a name, whatever the case, without _ - and dots: X-Amz-Security-Token, PHPSESSID."""

WORDS = (
    *("auth", "authorization", "code", "cookie", "hmac", "key", "mac", "oauth", "otp", "pass"),
    *("pin", "pw", "pwd", "sid", "sig", "ticket", "verifier"),
)
"""As a word of a name: api_key, X-Sig, authCode; not monkey, author or zipcode."""

MOST_NAMES = 64
"""Different names that are judged in one URL. Where there are more, or a URL that has something
to redact is over LONGEST bytes, all behind the path is redacted: whatever is sent, its log line
takes about a millisecond at most."""
LONGEST = 2048
LONGEST_NAME = 100
"""Bytes of a name that is judged; a longer one is taken for a secret."""

URL_FIELDS = frozenset((b"content-location", b"link", b"location", b"referer", b"refresh"))
_ANYWHERE = re.compile("|".join(ANYWHERE).encode())
_WORDS = frozenset(word.encode() for word in WORDS)
_WORD = re.compile(rb"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

_NAME = re.compile(rb"[?&;#]([^=&;?#]*)=")
"""Wherever an origin may look for a name: behind ? and &, behind ; in a query or a path, behind
a second ?, behind #."""
_NAME_IN_PIECE = re.compile(rb"(?:\A|[?;])([^=;?]*)=")
_NAME_IN_VALUE = re.compile(rb'(?:\A|[?&;#])([^=&;?#]*)=|"([^"]*)"\s*:')
_NESTED = re.compile(rb'%(?:25)*(?:3[DdFf]|22)|"|=eyJ')
"""An encoded = or ?, a quote: names inside a value. eyJ is how every JWT's header begins."""
_PATH_PARAMETER = re.compile(rb";([^=;/]*)=([^;/]*)")
_CUT = re.compile(rb"[?#]")
_PIECE = re.compile(rb"[^&#]+")
_WORD_OF_TEXT = re.compile(rb"[^\s'\"]+")
_USERS = re.compile(rb"//[^/?#]*@")
_BARE_USER = re.compile(rb"\A[^/?#@]*:[^/?#@]*@")
_USER = re.compile(rb"([A-Za-z][A-Za-z0-9+.\-]*:)?//[^/?#]*@")


def redact_url(url: bytes) -> bytes:
    """`url` (a whole one, or path and query) with *** for the values of secrets.

    User and password before a host are redacted too.
    """
    if b"@" in url and (user := _USER.match(url)):
        url = (user[1] or b"") + b"//***@" + url[user.end() :]
    names = _NAME.findall(url)
    too_many = len(names) > MOST_NAMES and len(set(names)) > MOST_NAMES
    if not too_many and not _NESTED.search(url) and not any(map(_judged, names)):
        return url
    cut = _CUT.search(url)
    path, query = (url, b"") if cut is None else (url[: cut.start()], url[cut.start() :])
    if too_many or len(url) > LONGEST:
        path, mark, _ = path.partition(b";")
        return path + (mark or query[:1]) + REDACTED
    return _PATH_PARAMETER.sub(_path_parameter, path) + _PIECE.sub(_piece, query)


def redact_text(text: bytes) -> bytes:
    """A sentence with what redact_url leaves of each URL in it, wherever that stands. User and
    password are taken out without a scheme too."""
    return _WORD_OF_TEXT.sub(_word_of_text, text)


def redact_field(name: bytes, value: bytes) -> bytes:
    """The value of field `name` (lower-case) as it may be shown."""
    if name in SECRET_FIELDS or is_secret(name):
        return REDACTED
    return redact_url(value) if name in URL_FIELDS else value


def is_secret(name: bytes) -> bool:
    """Whether the name of a parameter or a field looks as if its value were secret."""
    return _judged(name)


def _judge(name: bytes) -> bool:
    if len(name) > LONGEST_NAME:
        return True
    plain = unquote_to_bytes(unquote_to_bytes(name)) if b"%" in name else name
    if _ANYWHERE.search(plain.lower().translate(None, b"_-. +")):
        return True
    return any(word.lower() in _WORDS for word in _WORD.findall(plain))


_judged = Memo(_judge).__getitem__


def _word_of_text(match: re.Match[bytes]) -> bytes:
    return redact_url(_BARE_USER.sub(b"***@", _USERS.sub(b"//***@", match[0])))


def _path_parameter(match: re.Match[bytes]) -> bytes:
    """;jsessionid=… in a path."""
    return b";%b=***" % match[1] if _judged(match[1]) else match[0]


def _piece(match: re.Match[bytes]) -> bytes:
    """What stands between two & of a query. From the first secret name on it is not shown: where
    ; and ? separate nothing, the secret's value goes on behind them."""
    piece = match[0]
    for found in _NAME_IN_PIECE.finditer(piece):
        value_at = found.end()
        if _judged(found[1]) or piece.startswith(b"eyJ", value_at):
            return piece[:value_at] + REDACTED
    if not _NESTED.search(piece) or not _has_secret_names(piece):
        return piece
    shown = piece.find(b"=") + 1 or piece.startswith(b"?")
    return piece[:shown] + REDACTED


def _has_secret_names(piece: bytes) -> bool:
    """Whether there are names inside a value, and one of them is secret."""
    for _ in range(3):
        decoded = unquote_to_bytes(piece)
        if decoded == piece:
            break
        piece = decoded
    if b"=eyJ" in piece:
        return True
    names = [found[1] or found[2] or b"" for found in _NAME_IN_VALUE.finditer(piece)]
    return len(names) > MOST_NAMES or any(map(_judged, names))
