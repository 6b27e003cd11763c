"""Files: a route that is answered from a folder (`to = "file:/srv/www"`).

A small file goes out from memory as long as nothing has changed (remembered.py), a large one past
the loop from its descriptor (reader.py). What a path names is decided in named.py, which file that
is in finding.py, that it is below the root in beneath.py.
"""

import os
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from porch import clock
from porch.exchange import Exchange
from porch.filter import Filter, Response, Suspend
from porch.http.accept_encoding import in_order
from porch.http.message import Field, RequestHead
from porch.route.rewrite import Rewrite
from porch.serve.beneath import Beneath, Links, Names, identity
from porch.serve.file_answer import SPECIAL, given
from porch.serve.file_body import FileBody
from porch.serve.file_errors import FileMethod
from porch.serve.finding import ENDS, File, Finding, Folder
from porch.serve.listing import listing
from porch.serve.listings import Listings
from porch.serve.media_types import MediaTypes, shrinks
from porch.serve.named import named
from porch.serve.remembered import SETTLED, Key, Memory, Remembered
from porch.serve.trying import DEFAULT, Attempt, parse_attempt
from porch.serve.validators import validators

__all__ = ["SMALL", "Files", "Serving"]

SMALL = 64 * 1024
"""Bytes of a file that is read at once, and remembered."""

_READS = frozenset((b"GET", b"HEAD"))
_CODINGS = tuple(ENDS)
_VALIDATORS = frozenset((b"etag", b"last-modified"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What is decided about the files of a route. root: an absolute path. tries: see trying.
    index: names of files that stand for their folder. hidden: whether names that begin with a dot
    are served. copies: whether compressed copies beside a file are."""

    root: bytes
    links: Links = "inside"
    tries: tuple[Attempt, ...] = tuple(map(parse_attempt, DEFAULT))
    index: tuple[bytes, ...] = (b"index.html",)
    listing: bool = False
    hidden: bool = False
    copies: bool = True
    types: MediaTypes = field(default_factory=MediaTypes)


class Files(Filter):
    """Answers every request of a route from a folder."""

    __slots__ = (
        "_beneath",
        "_finding",
        "_listings",
        "_memory",
        "_rewrite",
        "_rewritten",
        "_serving",
    )

    def __init__(
        self,
        serving: Serving,
        memory: Memory,
        listings: Listings,
        rewrite: Rewrite | None = None,
    ) -> None:
        """memory, listings: of the worker. rewrite: of the route; its result is the path below the
        root."""
        self._serving = serving
        self._memory = memory
        self._listings = listings
        self._rewrite = rewrite
        self._beneath = Beneath(serving.root, serving.links, hidden=serving.hidden)
        self._finding, self._rewritten = (
            Finding(
                self._beneath, serving.tries, serving.index, listing=serving.listing, slashes=each
            )
            for each in (True, False)
        )

    def on_request(self, exchange: Exchange) -> Response | Suspend:
        """See Filter. Raises what file_errors.py has, and BadRequest for `..`."""
        request = exchange.request
        if request.method not in _READS:
            if request.method == b"OPTIONS":
                return Response(204, ((b"allow", FileMethod.allow),))
            raise FileMethod(request.method.decode("latin-1"))
        if self._rewrite is None:  # `_path`, without a call
            finding, path = self._finding, request.target.partition(b"?")[0]
        else:
            finding, path = self._path(request)
        repeats = request.repeats
        made = repeats.get(_wants) if repeats is not None else None
        if made is not None and made[0] == request.fields:  # -0.2 us
            codings, plain = made[2]
        else:
            codings, plain = _wants(request)
        key = (finding, path, codings)
        known = self._memory.get(key)
        if known is not None and (
            known.looked_at or self._memory.is_current(known, exchange.keeper)
        ):
            whole = known.whole
            if whole is not None:
                if plain and not exchange.client_full:
                    return whole
                body = whole.body
                return given(exchange, known.fields, len(body), body, plain=plain)
            descriptor = self._beneath.again(known.names, known.identity)
            if descriptor is not None:
                large = FileBody(descriptor, known.size)
                return _sent(exchange, known.fields, large, plain=plain)
        file = self._find(finding, path, codings)
        if isinstance(file, Folder):
            return self._list(exchange, file.names) if file.is_listed else _to_folder(request)
        return self._answer(exchange, key, file, plain=plain)

    def described(self, request: RequestHead) -> str:
        """What a GET would be answered from, in words. Raises as `on_request` does."""
        codings = in_order(request.get(b"accept-encoding"), _CODINGS)
        file = self._find(*self._path(request), codings)
        if isinstance(file, Folder):
            return self._beneath.place((*file.names, b"")).decode("utf-8", "backslashreplace")
        os.close(file.descriptor)
        return self._beneath.place(file.sent).decode("utf-8", "backslashreplace")

    def _path(self, request: RequestHead) -> tuple[Finding, bytes]:
        """The path below the root, and what finds it: a client adds a slash to what it has named
        itself, and to nothing that a rewrite has."""
        if self._rewrite is None:
            return self._finding, request.target.partition(b"?")[0]
        path = self._rewrite(request).partition(b"?")[0]
        named_it = _last(path) == _last(request.target.partition(b"?")[0])
        return self._finding if named_it else self._rewritten, path

    def _find(self, finding: Finding, path: bytes, codings: tuple[bytes, ...]) -> File | Folder:
        file = finding.find(named(path, hidden=self._serving.hidden))
        if isinstance(file, Folder) or not (codings and self._has_copies(file.names)):
            return file
        try:
            return finding.copy(file, codings)
        except BaseException:
            os.close(file.descriptor)
            raise

    def _has_copies(self, names: Names) -> bool:
        return self._serving.copies and shrinks(self._serving.types.of(names[-1]))

    def _answer(self, exchange: Exchange, key: Key, file: File, *, plain: bool) -> Response:
        body = FileBody(file.descriptor, file.stat.st_size)
        try:
            fields = self._fields(file)
            kept = body.all() if body.size() <= SMALL else None
        except BaseException:
            body.close()
            raise
        if kept is not None:
            body.close()
            if len(kept) != body.size():  # nothing tells one state of such a file from another
                fields = [each for each in fields if each[0] not in _VALIDATORS]
                return given(exchange, fields, len(kept), kept, plain=plain)
        watched = [(self._beneath.place(file.sent), identity(file.stat))]
        if file.coding is not None:
            watched.append((self._beneath.place(file.names), identity(file.of)))
        changed = max(file.stat.st_mtime, file.stat.st_ctime, file.of.st_mtime, file.of.st_ctime)
        if clock.wall() - changed > SETTLED:
            self._memory.keep(key, Remembered(file.sent, fields, kept, watched))
        if kept is not None:
            return given(exchange, fields, len(kept), kept, plain=plain)
        return _sent(exchange, fields, body, plain=plain)

    def _fields(self, file: File) -> list[Field]:
        """Of the 200. The copies in codings are representations of their own, with their own
        validators (RFC 9110 8.8.3.3)."""
        fields = [
            (b"content-type", self._serving.types.of(file.names[-1])),
            (b"x-content-type-options", b"nosniff"),
            (b"accept-ranges", b"bytes"),
            *validators(file.stat),
        ]
        if self._has_copies(file.names):
            fields.append((b"vary", b"Accept-Encoding"))
        if file.coding is not None:
            fields.append((b"content-encoding", file.coding))
        return fields

    def _list(self, exchange: Exchange, names: Names) -> Response | Suspend:
        path = b"/" + b"".join([each + b"/" for each in names])

        def begins() -> Generator[None, None, bytes]:
            folder = self._beneath.folder(names)
            return listing(folder, path, hidden=self._serving.hidden, is_root=not names)

        return self._listings.ask(exchange, (self, names), begins)


def _wants(request: RequestHead) -> tuple[tuple[bytes, ...], bool]:
    """The codings that the client takes, and whether it asks for a whole file, come what may."""
    said = dict(request.fields)
    wants = in_order(said.get(b"accept-encoding"), _CODINGS), SPECIAL.isdisjoint(said)
    if request.repeats is not None:
        request.repeats.keep(_wants, [*request.fields], (), wants)
    return wants


def _sent(exchange: Exchange, fields: Sequence[Field], body: FileBody, *, plain: bool) -> Response:
    """See given; whatever is raised, the file does not stay open."""
    try:
        return given(exchange, fields, body.size(), body, plain=plain)
    except BaseException:
        body.close()
        raise


def _to_folder(request: RequestHead) -> Response:
    """To the same path with a slash, named from itself: so it is no other host whatever the path
    is, and right behind what took a prefix off."""
    path, mark, query = request.target.partition(b"?")
    location = b"./%b/%b%b" % (_last(path), mark, query)
    return Response(308, ((b"location", location),))


def _last(path: bytes) -> bytes:
    return path.rpartition(b"/")[2]
