"""Network: one conversation with one authority, by the library `acme`.

It blocks, so it runs in a thread; each wait for the network is bounded by TIMEOUT. Whatever goes
wrong leaves it as an IssueError. Not here: what is said (`account.py`, `order.py`).
"""

import contextlib
import socket
import ssl
import threading
import weakref
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, cast

import requests
import urllib3
from acme import client, errors, messages
from josepy.errors import Error as JoseError
from josepy.interfaces import JSONDeSerializable
from josepy.jwa import ES256, RS256
from josepy.jwk import JWK, JWKRSA

from porch import clock
from porch.certs import moments
from porch.certs.authority import Authority
from porch.certs.failure import IssueError, explain, plain
from porch.version import installed_version

__all__ = ["SKEW", "TIMEOUT", "Conversation", "Network"]

TIMEOUT = 30
"""Seconds for a connection, and between two bytes of an answer."""
SKEW = timedelta(hours=12)
"""How far our clock may be from the authority's: a certificate lives for six days at least."""
NONCES = 10
"""Times that the library's own two tries are begun. RFC 8555 6.5 sets no end to bad nonces."""
LOST = 3
"""Tries at a question that changes nothing, when the connection is lost."""
PAUSE = 0.5
"""Seconds before such a try again, doubling."""

LONGEST = 1 << 20
"""Bytes of an answer. A chain has a few thousand, a directory one."""
WHOLE = 60.0
"""Seconds for a whole answer, however it drips."""

_NO_ACME = (
    errors.Error,
    JoseError,
    ValueError,
    KeyError,
    AttributeError,
    TypeError,
    RecursionError,
)
"""What is no ACME ends in any of these: the library reads answers as it expects them."""
_BROKEN = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


class _Late(requests.ReadTimeout):
    """An answer took longer than WHOLE. Another question would, too."""


class _Bounded(requests.adapters.HTTPAdapter):
    """Takes answers of a bound in size and time, and follows nobody elsewhere: what an authority
    says is not to be believed more than what a client says. start: of every URL."""

    def __init__(self, start: str) -> None:
        self._start = start
        self._opened: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        super().__init__()

    def init_poolmanager(self, *args: Any, **words: Any) -> None:
        """See HTTPAdapter."""
        super().init_poolmanager(*args, **words)
        self.poolmanager.pool_classes_by_scheme = _pools(self._opened)

    def proxy_manager_for(self, *args: Any, **words: Any) -> urllib3.ProxyManager:
        """See HTTPAdapter."""
        manager: urllib3.ProxyManager = super().proxy_manager_for(*args, **words)
        manager.pool_classes_by_scheme = _pools(self._opened)
        return manager

    def send(self, request: requests.PreparedRequest, **words: Any) -> requests.Response:  # type: ignore[override]
        """See HTTPAdapter. Raises requests.RequestException."""
        if not (request.url or "").startswith(self._start):
            raise requests.exceptions.InvalidURL(f"{request.url} is no HTTPS, as a CA's must be")
        late = threading.Event()
        timer = threading.Timer(WHOLE, self._give_up, (late,))
        timer.daemon = True
        timer.start()
        try:
            found = self._sent(request, words)
        except requests.RequestException:
            if not late.is_set():
                raise
        finally:
            timer.cancel()
        if late.is_set():  # what there is may look whole
            raise _Late(f"the answer took over {WHOLE:.0f} s")
        return found

    def _give_up(self, late: threading.Event) -> None:
        """In the timer's thread. A byte now and then keeps a socket's own timeout from ending it,
        in the head of an answer as in its body; the end of the connection does not."""
        late.set()
        for sock in [*self._opened]:
            with contextlib.suppress(OSError):  # it is closed
                # Not that of SSLSocket, which takes its state from under who reads.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def _sent(self, request: requests.PreparedRequest, words: dict[str, Any]) -> requests.Response:
        response = super().send(request, **(words | {"stream": True}))
        if response.is_redirect:
            response.close()
            raise requests.TooManyRedirects(f"{request.url} leads elsewhere; name that place")
        content = bytearray()
        try:
            for piece in response.iter_content(16384):
                content += piece
                if len(content) > LONGEST:
                    raise requests.exceptions.ContentDecodingError("the answer has no end")
        finally:
            response.close()
        response._content = bytes(content)
        response._content_consumed = True
        return response


def _pools(opened: "weakref.WeakSet[socket.socket]") -> dict[str, type]:
    """Pools of connections, by scheme. All sockets that these ever have are in `opened`."""

    class Seen:
        def __setattr__(self, name: str, value: object) -> None:
            if name == "sock" and isinstance(value, socket.socket):
                opened.add(value)
            super().__setattr__(name, value)

    class Plain(Seen, urllib3.connection.HTTPConnection): ...

    class Secure(Seen, urllib3.connection.HTTPSConnection): ...

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


class Network(client.ClientNetwork):
    """The library's, more patient: with nonces, and with connections that break.

    retry_after: what the last answer said. date: the authority's clock at the first answer.
    """

    def __init__(self, authority: Authority, key: JWK | None = None) -> None:
        """key: of the account; None to ask without one. Raises IssueError for a missing `ca`."""
        super().__init__(
            key,
            alg=RS256 if isinstance(key, JWKRSA) else ES256,
            # `requests` takes a path too, and the library only passes it on.
            verify_ssl=cast("bool", _trusted(authority)),
            user_agent=f"porch/{installed_version()}",
            timeout=TIMEOUT,
        )
        self.retry_after: datetime | None = None
        self.date: datetime | None = None
        is_plain = authority.directory.startswith("http://")  # the operator's own choice
        bounded = _Bounded("http://" if is_plain else "https://")
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, bounded)
        self.session.max_redirects = 0
        self.session.hooks["response"].append(self._look)

    def _look(self, response: requests.Response, *_: object, **__: object) -> None:
        self.retry_after = moments.retry_after(response.headers.get("Retry-After"), moments.now())
        if self.date is None:
            with contextlib.suppress(KeyError, ValueError, TypeError):
                date = parsedate_to_datetime(response.headers["Date"])
                self.date = date if date.tzinfo else date.replace(tzinfo=UTC)

    def post(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Sign and send; again with another nonce as often as that is what it lacked."""
        asks_only = len(args) > 1 and args[1] is None
        tried = lost = 0
        while True:
            tried += 1
            try:
                return super().post(*args, **kwargs)
            except messages.Error as problem:
                if problem.code != "badNonce" or tried == NONCES:
                    raise
            except _BROKEN as error:
                lost += 1
                if not asks_only or lost == LOST or isinstance(error, _Late):
                    raise
                clock.sleep(PAUSE * 2**lost)


class Conversation:
    """An authority's directory, asked for at once, and what it can do.

    Raises IssueError if it cannot be had, or if the authority's clock is far from ours.
    """

    def __init__(self, authority: Authority, key: JWK | None = None) -> None:
        """key: of the account; None to ask only what needs none."""
        self.authority = authority
        self.net = Network(authority, key)
        with self.speaking():
            directory = client.ClientV2.get_directory(authority.directory, self.net)
            try:
                needed = ("newNonce", "newAccount", "newOrder")
                self.urls = {each: str(directory[each]) for each in needed}
            except KeyError:
                raise IssueError(
                    "network",
                    f"{authority.directory} is not the directory of a CA: set the URL that it "
                    "names for ACME",
                ) from None
        self.client = client.ClientV2(directory, self.net)
        self._check_clock()

    @property
    def profiles(self) -> tuple[str, ...]:
        """The kinds of certificate that it makes, by name."""
        meta = self.client.directory["meta"]
        return tuple(meta.profiles or ())

    @property
    def renewal_info(self) -> str:
        """The URL below which it suggests when to renew (RFC 9773 4.1); "" if it does not."""
        try:
            return str(self.client.directory["renewalInfo"])
        except KeyError:
            return ""

    def say(self, url: str, message: JSONDeSerializable | None) -> requests.Response:
        """POST it, signed; None asks for what is there (POST-as-GET, RFC 8555 6.3).

        Raises what the library does: use it inside `speaking`.
        """
        return self.net.post(url, message, new_nonce_url=self.urls["newNonce"])

    @contextlib.contextmanager
    def speaking(self, name: str = "", challenge: str = "") -> Iterator[None]:
        """Turns what the library raises into an IssueError about `name`."""
        host = self.authority.host
        try:
            yield
        except messages.Error as problem:
            wait = self.net.retry_after
            raise explain(problem, name=name, challenge=challenge, wait=wait) from problem
        except requests.exceptions.SSLError as error:
            raise IssueError(
                "network",
                f"the certificate of {host} is not trusted here ({_cause(error)}): set this "
                "machine's clock, or name the CA's own root (ca)",
            ) from error
        except requests.ReadTimeout as error:
            raise IssueError(
                "network",
                f"the CA {host} does not come to the end of an answer ({_cause(error)}): it has "
                "trouble of its own, or something stands between; it is tried again by itself",
            ) from error
        except requests.RequestException as error:
            raise IssueError(
                "network",
                f"the CA {host} cannot be reached ({_cause(error)}): let this machine connect to "
                "it, by HTTPS_PROXY if need be",
            ) from error
        except _NO_ACME as error:
            raise IssueError(
                "network",
                f"the CA {host} gave an answer that is no ACME ({_words(error)}): it may be down, "
                "or something stands between",
                code=_words(error) if _status(error) else "",
            ) from error

    def _check_clock(self) -> None:
        """A clock that is years off finds every certificate expired, or none valid yet; each try
        would get one more. The Date field tells before an order is made."""
        present, theirs = moments.now(), self.net.date
        if theirs is not None and abs(present - theirs) > SKEW:
            raise IssueError(
                "clock",
                f"this machine's clock says {moments.text(present)}, that of {self.authority.host} "
                f"{moments.text(theirs)}: set the clock (NTP); no certificate is asked for before",
                another=False,
            )


def _trusted(authority: Authority) -> bool | str:
    """What vouches for the directory. The system's file comes before the one in the package
    `certifi`: there an operator adds the root of a CA of his own."""
    if authority.ca is not None:
        if not authority.ca.is_file():
            raise IssueError(
                "network", f"{authority.ca} (ca of {authority.host}) does not exist", another=True
            )
        return str(authority.ca)
    system = ssl.get_default_verify_paths().cafile
    return system if system and Path(system).is_file() else True


def _cause(error: BaseException) -> str:
    """The innermost reason: "Connection refused" of the layers that `requests` wraps around."""
    seen = error
    while True:
        inner = seen.__cause__ or seen.__context__
        reason = getattr(seen, "reason", None)
        if isinstance(reason, BaseException) and reason is not seen:
            seen = reason
        elif inner is not None:
            seen = inner
        else:
            break
    words = getattr(seen, "strerror", None) or getattr(seen, "verify_message", None) or seen
    return plain(words) or type(seen).__name__


def _status(error: BaseException) -> int:
    """Of the answer that the library could not read; 0 if it is not about that."""
    first = error.args[0] if error.args else error
    return first.status_code if isinstance(first, requests.Response) else 0


def _words(error: BaseException) -> str:
    status = _status(error)
    return f"status {status}" if status else plain(error) or type(error).__name__
