"""Login: how somebody with a browser comes in: a form that takes a token, a session, and its end.

No script: the form works before anything else of the page is there, and without it.
"""

from html import escape
from urllib.parse import parse_qs

from porch.exchange import Exchange
from porch.filter import Response
from porch.http.message import Field
from porch.manage.admin.entrance import LOGIN
from porch.manage.admin.guesses import Guesses, is_drawn
from porch.manage.admin.offer import Caller, Offer, Offers, json_answer
from porch.manage.admin.proof import Proof, Wrong, cookie_name
from porch.manage.admin.sessions import LIFETIME

__all__ = ["LOGOUT", "SESSION", "STYLE", "Login"]

LOGOUT = b"/logout"
SESSION = b"/v1/session"
STYLE = b"/login.css"
HOME = b"/"
_MOST = 4096
_TOO_MANY = "Too many wrong tokens came from your address; wait a minute."
_FORM = b"application/x-www-form-urlencoded"
_HTML: Field = (b"content-type", b"text/html; charset=utf-8")
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Log in: Porch</title>
<link rel="icon" href="/mark.svg">
<link rel="stylesheet" href="/login.css">
</head>
<body>
<main>
<h1>Porch</h1>
<form method="post" action="/login">
<p id="said" role="status">{said}</p>
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password"
 autocapitalize="off" spellcheck="false" required autofocus aria-describedby="said">
<button>Log in</button>
</form>
</main>
</body>
</html>
"""
_CSS = b"""\
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0; }
main { max-width: 22rem; margin: 15vh auto 0; padding: 1rem; }
label, input, button { display: block; width: 100%; box-sizing: border-box; font: inherit; }
input, button { padding: .6rem; margin: .3rem 0 1rem; min-height: 2.75rem; }
"""


class Login:
    """proof: where sessions are. guesses: at tokens."""

    def __init__(self, proof: Proof, guesses: Guesses) -> None:
        self._proof = proof
        self._guesses = guesses

    @property
    def offers(self) -> Offers:
        """What is asked for by browsers before and behind the page."""
        form = Offer(answer=self._show, is_open=True)
        take = Offer(answer=self._take, is_open=True, changes=True, most=_MOST, media=_FORM)
        return {
            LOGIN: {b"GET": form, b"POST": take},
            LOGOUT: {b"POST": Offer(answer=self._end, changes=True)},
            SESSION: {b"GET": Offer(answer=self._tell)},
            STYLE: {b"GET": Offer(answer=_style, is_open=True)},
        }

    def _show(self, exchange: Exchange, caller: Caller | None, body: bytes) -> Response:
        return _page(200, self._proof.trouble(exchange.request))

    def _take(self, exchange: Exchange, caller: Caller | None, body: bytes) -> Response:
        given = parse_qs(body.decode("latin-1")).get("token", [""])
        token = given[0].strip().encode("latin-1", "replace")
        waits = self._guesses.wait(exchange.client_ip) > 0
        if waits and not is_drawn(token):
            return _page(429, _TOO_MANY)
        try:
            key = self._proof.key(token)
        except Wrong:
            if waits:
                return _page(429, _TOO_MANY)
            self._guesses.note(exchange.client_ip)
            return _page(401, "This token is nobody's. Tokens stand in the configuration's admin.")
        name = self._proof.sessions.begin(key)
        fields = [(b"location", HOME), _cookie(exchange, name, int(LIFETIME))]
        return Response(303, fields)

    def _end(self, exchange: Exchange, caller: Caller | None, body: bytes) -> Response:
        self._proof.log_out(exchange.request)
        return Response(204, [_cookie(exchange, "", 0)])

    def _tell(self, exchange: Exchange, caller: Caller | None, body: bytes) -> Response:
        """What the page must know of who looks at it."""
        assert caller is not None
        told = {
            "name": caller.name,
            "by": caller.kind,
            "role": caller.role,
            "csrf": caller.csrf,
            "read_only": self._proof.settings.read_only,
        }
        return json_answer(200, told)


def _page(status: int, said: str) -> Response:
    fields = [_HTML]
    if status == 401:
        fields.append((b"www-authenticate", b'Bearer realm="porch"'))
    return Response(status, fields, _PAGE.format(said=escape(said)).encode())


def _style(exchange: Exchange, caller: Caller | None, body: bytes) -> Response:
    return Response(200, [(b"content-type", b"text/css; charset=utf-8")], _CSS)


def _cookie(exchange: Exchange, value: str, age: int) -> Field:
    """No script reads it, no other site sends it, and plain HTTP does not carry it where the door
    speaks TLS."""
    request = exchange.request
    secure = "; Secure" if request.scheme == b"https" else ""
    text = f"{cookie_name(request)}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict"
    return b"set-cookie", f"{text}{secure}".encode()
