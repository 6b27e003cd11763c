"""Forward authentication: a service of the operator's is asked about each request.

It is told what is asked for and by whom, never the body. 2xx lets in, and fields of that answer say
who it is; any other answer below 500 is the client's, a redirect to a login for one. A service that
fails lets nobody in.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from porch.client import Answer, Client
from porch.errors import PorchError
from porch.exchange import Exchange
from porch.filter import Response
from porch.http.fields import HOP_BY_HOP
from porch.http.message import Field
from porch.identity import Identity
from porch.route.scheme import Trusts, client_scheme
from porch.shield.auth import Judge, Later, Verdict
from porch.shield.auth_answer import Telling
from porch.shield.auth_claims import NOBODY, Claims
from porch.shield.auth_errors import CannotTell
from porch.shield.fetched import Spawn
from porch.shield.oidc_cookies import without

__all__ = ["KEPT", "MOST", "ForwardAuth", "ForwardRules"]

KEPT = 32
"""Connections that wait for the next question."""
MOST = 256
"""Questions of a worker at a time; who finds no room is answered 503."""
_MOST_BYTES = 256 * 1024
_SENT = frozenset(
    (
        *(b"authorization", b"cookie", b"accept", b"accept-language", b"user-agent"),
        *(b"origin", b"referer", b"x-requested-with", b"sec-fetch-mode", b"sec-fetch-dest"),
    )
)
_NOT_PASSED = HOP_BY_HOP | {b"content-length", b"date", b"server"}


class ForwardRules(NamedTuple):
    """target: path and query that is asked for. user: the field of its answer that has the name,
    lower-case. sends: further fields of the request that it is told. gives: fields of its answer
    that the client gets, where it lets in. timeout: seconds."""

    target: bytes
    user: str = "remote-user"
    sends: frozenset[bytes] = frozenset()
    gives: frozenset[bytes] = frozenset()
    timeout: float = 5.0


class ForwardAuth:
    """See auth.Way. make_client: called at the first question. trusts: see client_scheme."""

    challenge = b""

    __slots__ = ("_client", "_judge", "_make_client", "_rules", "_running", "_spawn", "_trusts")

    def __init__(
        self,
        rules: ForwardRules,
        make_client: Callable[[], Client],
        spawn: Spawn,
        judge: Judge,
        trusts: Trusts = None,
    ) -> None:
        self._rules = rules
        self._trusts = trusts
        self._make_client = make_client
        self._client: Client | None = None
        self._spawn = spawn
        self._judge = judge
        self._running = 0

    def identify(self, exchange: Exchange) -> Verdict | Later:
        """See auth.Way."""
        if self._running >= MOST:
            return CannotTell(f"{MOST} questions to the service of `forward` are under way")
        later = Later()
        self._running += 1
        self._spawn(self._ask(exchange, later))
        return later

    async def _ask(self, exchange: Exchange, later: Later) -> None:
        verdict: Verdict = CannotTell("the service of `forward` was not asked to the end")
        try:
            if self._client is None:
                self._client = self._make_client()
            answer = await self._client.request(
                b"GET",
                self._rules.target,
                self._told(exchange),
                timeout=self._rules.timeout,
                most_bytes=_MOST_BYTES,
            )
            verdict = self._verdict(answer)
        except (PorchError, OSError, ValueError) as error:
            verdict = CannotTell(f"the service of `forward` gives no answer: {error}")
        finally:
            self._running -= 1
            later.tell(verdict)

    def _told(self, exchange: Exchange) -> list[Field]:
        request, rules = exchange.request, self._rules
        names = _SENT | rules.sends
        fields = [each for each in without([*request.fields]) if each[0] in names]
        fields += (
            (b"x-forwarded-method", request.method),
            (b"x-forwarded-proto", client_scheme(request, exchange.client.peer, self._trusts)),
            (b"x-forwarded-host", request.authority),
            (b"x-forwarded-uri", request.target),
            (b"x-forwarded-for", exchange.client_ip),
        )
        return fields

    def _verdict(self, answer: Answer) -> Verdict:
        if 200 <= answer.status < 300:
            claims = _claims(answer.fields)
            name = claims.get(self._rules.user, NOBODY)
            verdict = self._judge.judge(name, "forward", claims)
            given = [each for each in answer.fields if each[0] in self._rules.gives]
            return Telling(verdict, given) if given and isinstance(verdict, Identity) else verdict
        if answer.status >= 500:
            return CannotTell(f"the service of `forward` answers {answer.status}")
        fields = [each for each in answer.fields if each[0] not in _NOT_PASSED]
        if not any(name == b"cache-control" for name, _ in fields):
            fields.append((b"cache-control", b"no-store"))
        return Response(answer.status, fields, answer.body)


def _claims(fields: Sequence[Field]) -> Claims:
    """Each field of the answer by its name; one that has commas as the list that it is."""
    found: dict[str, object] = {}
    for name, value in fields:
        text = value.decode("utf-8", "replace")
        items = [item for each in text.split(",") if (item := each.strip())]
        before = found.get(name.decode("latin-1"))
        more = before if isinstance(before, list) else [] if before is None else [before]
        several = [*more, *items]
        found[name.decode("latin-1")] = several if len(several) > 1 else text.strip()
    return found
