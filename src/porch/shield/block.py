"""Block: what is asked for, and how, decides that it is refused before anything is done for it.

A rule has conditions, all of which have to hold; each kind of condition is looked up for all rules
at once (block_patterns.py), and a rule is one bit. So 200 rules cost as one does.
"""

import string
from collections.abc import Sequence
from typing import NamedTuple

from porch.errors import PorchError
from porch.exchange import Exchange
from porch.filter import Filter, Response
from porch.http.message import RequestHead
from porch.route.methods import meant
from porch.route.spellings import decoded
from porch.shield.block_patterns import Patterns
from porch.shield.block_spellings import TooDeep, queries, spellings, unescaped
from porch.shield.coded import is_coded
from porch.shield.tarpit import Tarpit

__all__ = ["MOST_BODY", "Block", "BlockBodies", "Blocked", "CodedBody", "Rule"]

MOST_BODY = 65536
"""Bytes of a body that are read; what is behind them is not seen."""
_STEP = 4096
"""So many further bytes of one that has not ended are looked at together."""
_REMEMBERED = 4096
_LONGEST = 256
"""Paths that are remembered, and the bytes of the longest."""
_TARGETS = frozenset((b"x-original-url", b"x-rewrite-url"))
_MOST_TARGETS = 4
"""Fields that some origins take for the target, and how many of them are read: to read a tangled
one takes 10 ms, and an honest request has one."""
_WORD = (string.ascii_letters + string.digits + "_").encode()


class Blocked(PorchError):
    """A request that a rule refuses."""

    word = "http_request_denied"
    status = 403
    source = "client"
    sentence = "A rule of `block` refuses such requests; the log names it."


class CodedBody(PorchError):
    """A body that no rule can be applied to (RFC 9110 15.5.16)."""

    word = "http_request_denied"
    status = 415
    source = "client"
    sentence = "`block` reads bodies here, and this one is coded; send it without Content-Encoding."


class Rule(NamedTuple):
    """name: as the operator has it. status: of the answer. methods: upper-case; path, query, body:
    patterns, of which one suffices; without one it is no condition. fields: (name in small letters,
    a pattern, or whether it is to be there at all), all of which have to hold. quiet: whether what
    it refuses has no line in the access log."""

    name: str
    status: int = 403
    methods: frozenset[bytes] = frozenset()
    path: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    fields: tuple[tuple[bytes, str | bool], ...] = ()
    body: tuple[str, ...] = ()
    quiet: bool = False

    def refusal(self) -> Blocked:
        """What a request is refused with."""
        error = Blocked(f"block: {self.name}", self.status)
        error.quiet = self.quiet
        return error


class _Kind:
    """A kind of condition for all rules. others: the bits of rules without it."""

    __slots__ = ("others", "patterns")

    def __init__(self, of_rules: Sequence[tuple[str, ...]]) -> None:
        pairs = [(text, 1 << bit) for bit, texts in enumerate(of_rules) for text in texts]
        self.others = sum(1 << bit for bit, texts in enumerate(of_rules) if not texts)
        self.patterns = Patterns(pairs) if pairs else None

    def holds(self, texts: Sequence[bytes]) -> int:
        return self.others if self.patterns is None else self.others | self.patterns.of(texts)


class Block(Filter):
    """Rules that look at heads alone. rules: in the order in which they are named to the operator.

    tarpit: answers what is refused slowly; None for at once.
    """

    __slots__ = (
        "_all",
        "_bodies",
        "_fields",
        "_methods",
        "_others",
        "_paths",
        "_query",
        "_seen",
        "_tarpit",
        "rules",
    )

    def __init__(self, rules: Sequence[Rule], tarpit: Tarpit | None = None) -> None:
        self.rules = tuple(rules)
        self._tarpit = tarpit
        self._all = (1 << len(rules)) - 1
        named = frozenset().union(*(each.methods for each in rules))
        self._methods = {
            method: sum(1 << bit for bit, each in enumerate(rules) if method in each.methods)
            for method in named
        }
        self._others = sum(1 << bit for bit, each in enumerate(rules) if not each.methods)
        self._paths = _Kind([each.path for each in rules])
        self._query = _Kind([each.query for each in rules])
        self._fields = _of_fields(rules)
        self._bodies = _Kind([each.body for each in rules])
        self._seen: dict[bytes, int] = {}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {', '.join(each.name for each in self.rules)}>"

    def described(self) -> list[str]:
        """What it does, in words."""
        slowly = "slowly, " if self._tarpit is not None else ""
        return [
            f"{each.name}: refused {slowly}with {each.status}{', unlogged' if each.quiet else ''}"
            for each in self.rules
        ]

    def on_request(self, exchange: Exchange) -> Response | None:
        """See Filter."""
        held = self._judge(exchange.request)
        return self._refuse(exchange, held) if held else None

    def first(self, request: RequestHead) -> Rule | None:
        """The rule that refuses a request by its head, for explain. Raises TooDeep."""
        held = self._judge(request) & self._bodies.others
        return self.rules[(held & -held).bit_length() - 1] if held else None

    def _judge(self, request: RequestHead) -> int:
        """Rules whose conditions on heads hold."""
        path, mark, query = request.target.partition(b"?")
        alive = self._others
        if self._methods:
            alive |= self._methods.get(request.method, 0)
            for method in meant(request):
                alive |= self._methods.get(method, 0)
        held = self._seen.get(path)
        if held is None:
            held = self._paths.holds(spellings(path))
            if len(path) <= _LONGEST:
                if len(self._seen) >= _REMEMBERED:
                    self._seen.clear()
                self._seen[path] = held
        others = [value for name, value in request.fields if name in _TARGETS]
        if len(others) > _MOST_TARGETS:
            raise TooDeep
        for value in others:
            held |= self._paths.holds(spellings(value.partition(b"?")[0]))
        alive &= held
        if alive & ~self._query.others:
            alive &= self._query.holds(queries(query)) if mark else self._query.others
        for wanted, kind, if_there, if_missing in self._fields if alive else ():
            values = [value for name, value in request.fields if name == wanted]
            presence = if_there if values else if_missing
            alive &= presence & kind.holds([form for each in values for form in _forms(each)])
        return alive

    def _refuse(self, exchange: Exchange, held: int) -> Response:
        """By the first of them."""
        rule = self.rules[(held & -held).bit_length() - 1]
        error = rule.refusal()
        if self._tarpit is not None:
            slow = self._tarpit.answer(exchange, rule.status)
            if slow is not None:
                exchange.error = error
                return slow
        raise error


class _Reading:
    """What is there of a body. held: rules of which all else holds. came, looked: bytes that came,
    and that were looked at. is_coded: whether it cannot be read."""

    __slots__ = ("body", "came", "held", "is_coded", "looked")

    def __init__(self, held: int, *, is_coded: bool) -> None:
        self.held = held
        self.is_coded = is_coded
        self.body = bytearray()
        self.came = self.looked = 0


class BlockBodies(Block):
    """Rules of which some look at bodies: at the first MOST_BODY bytes, before the last piece of
    these goes on to the origin, which so has never all of what is refused."""

    __slots__ = ("_reading",)

    def __init__(self, rules: Sequence[Rule], tarpit: Tarpit | None = None) -> None:
        super().__init__(rules, tarpit)
        self._reading: dict[Exchange, _Reading] = {}

    def on_request(self, exchange: Exchange) -> Response | None:
        """See Filter."""
        reading = self._read(exchange)
        if at_once := reading.held & self._bodies.others:
            return self._refuse(exchange, at_once)
        if reading.held and reading.is_coded:
            raise CodedBody("it has a Content-Encoding")
        return None

    def on_request_data(self, exchange: Exchange, data: bytes) -> bytes:
        """See Filter. The first piece comes before `on_request`, which judges by the head, and
        refuses what is coded."""
        reading = self._read(exchange)
        body, at_once = reading.body, self._bodies.others
        if not reading.held & ~at_once or reading.is_coded or exchange.upgraded:
            return data
        body += data[: MOST_BODY - len(body)]
        reading.came += len(data)
        # HTTP/2 may say that a body is over behind its last byte, with which an origin has it all.
        is_done = exchange.request_done or reading.came == exchange.request.length
        is_whole = is_done or len(body) >= MOST_BODY
        if is_whole or len(body) - reading.looked >= _STEP:
            reading.looked = len(body)
            text = bytes(body)
            # The last word may go on: whether it ends here is not known yet.
            texts = unescaped(text if is_done else text.rstrip(_WORD))
            held = reading.held & ~at_once & self._bodies.holds(texts)
            if is_whole:
                reading.held &= at_once
                reading.body = bytearray()
            if held:
                rule = self.rules[(held & -held).bit_length() - 1]
                raise rule.refusal()
        return data

    def on_end(self, exchange: Exchange) -> None:
        """See Filter."""
        self._reading.pop(exchange, None)

    def _read(self, exchange: Exchange) -> _Reading:
        reading = self._reading.get(exchange)
        if reading is None:
            held, coded = self._judge(exchange.request), is_coded(exchange.request)
            reading = self._reading[exchange] = _Reading(held, is_coded=coded)
        return reading


def _forms(value: bytes) -> tuple[bytes, ...]:
    """As sent, decoded, and without tabs, by which a word could be cut in two."""
    forms = (value, decoded(value)) if b"%" in value else (value,)
    if b"\t" in forms[-1]:
        forms = (*forms, *(each.replace(b"\t", b"") for each in forms))
    return forms


_OfField = tuple[bytes, _Kind, int, int]
"""Its name, the patterns, and which rules may hold where it is there, and where it is not."""


def _of_fields(rules: Sequence[Rule]) -> tuple[_OfField, ...]:
    found: list[_OfField] = []
    for name in dict.fromkeys(name for each in rules for name, _ in each.fields):
        wanted = [dict(each.fields).get(name) for each in rules]
        kind = _Kind([(each,) if isinstance(each, str) else () for each in wanted])
        if_there = sum(1 << bit for bit, each in enumerate(wanted) if each is not False)
        if_missing = sum(1 << bit for bit, each in enumerate(wanted) if each in (None, False))
        found.append((name, kind, if_there, if_missing))
    return tuple(found)
