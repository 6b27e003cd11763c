"""Requests against the document of an API: what it has not is refused before an origin hears of it.

By the head: path, method, parameters, the type of the body; by the body, when that is whole: its
JSON. Answers are not looked at, and who may ask is a matter of `auth`.
"""

from collections.abc import Mapping
from functools import partial

from porch.exchange import Exchange
from porch.http.fields import alike
from porch.http.message import RequestHead, Trailers
from porch.route.methods import meant
from porch.route.paths import TooManyReadings
from porch.route.spellings import spellings
from porch.shield.content import Content, Look, Watch, has_body
from porch.shield.content_errors import (
    BadContent,
    MethodNotOffered,
    NotOffered,
    NotTaken,
    named,
)
from porch.shield.json_content import no_body
from porch.shield.json_shape import Shape, parse
from porch.shield.media import is_json, media_type
from porch.shield.openapi_names import cookies, fields, parameters
from porch.shield.openapi_operations import Body, Item, Offer, Operation
from porch.shield.openapi_parameters import Parameter
from porch.shield.openapi_value import Value

__all__ = ["OpenApi"]

_OTHER_PATHS = frozenset((b"x-original-url", b"x-rewrite-url"))
"""Fields that some origins believe more than the request itself, as `alike` has them."""

_Found = tuple[Item, str, Mapping[str, bytes]]


class OpenApi(Content):
    """offer: what there is. unknown: whether parameters of the query pass that are not described.
    name: of the file, for the operator. The rest see Content."""

    __slots__ = ("name", "offer", "shape", "unknown")

    def __init__(
        self,
        offer: Offer,
        shape: Shape,
        most: int,
        watch: Watch | None,
        *,
        unknown: bool,
        name: str,
    ) -> None:
        super().__init__(most, watch)
        self.offer = offer
        self.shape = shape
        self.unknown = unknown
        self.name = name

    def __repr__(self) -> str:
        return f"<OpenApi {self.name}, {self.offer.size} operations>"

    def judge(self, exchange: Exchange) -> Look | None:
        """See Content."""
        request = exchange.request
        found = self.operation(request)
        if found is None:  # a preflight, which has no body
            return (
                partial(no_body, NotTaken("A preflight has no body."))
                if has_body(exchange)
                else None
            )
        operation, values = found
        self.check_parameters(request, operation, values)
        return self._look(exchange, operation)

    def on_request_trailers(self, exchange: Exchange, trailers: Trailers) -> None:
        """See Filter. Behind a body nobody looks at parameters, and some origins merge the two."""
        for name, _ in trailers.fields:
            if alike(name) in self.offer.fields:
                said = named(name.decode("latin-1"))
                error = BadContent(f"The header parameter '{said}' stands behind the body.")
                self.refuse(exchange, error)

    # --- by the head -----------------------------------------------------------------------------

    def operation(self, request: RequestHead) -> tuple[Operation, Mapping[str, bytes]] | None:
        """What a request asks for, and the values in its path; None for a preflight of CORS.
        Raises BadContent."""
        item, template, values = self._item(request.target.partition(b"?")[0])
        for name, _ in request.fields:
            if alike(name) in _OTHER_PATHS:
                raise BadContent(
                    f"The field '{named(name.decode('latin-1'))}' asks for another path."
                )
        method = request.method
        if any(each != method.upper() for each in meant(request)):
            raise BadContent("A field, or the query, asks for another method.")
        operation = item.operations.get(method)
        if operation is None and method == b"HEAD":
            operation = item.operations.get(b"GET")
        if operation is None:
            if method == b"OPTIONS" and request.get(b"access-control-request-method") is not None:
                return None
            raise MethodNotOffered(
                f"There is no {named(method.decode('latin-1'))} for {template} in the document.",
                item.allow,
            )
        return operation, values

    def _item(self, path: bytes) -> _Found:
        """Each spelling of the path leads to the same, also one that is encoded twice."""
        try:
            found = [self.offer.paths.find(each) for each in spellings(path)]
        except TooManyReadings:
            raise BadContent("The path can be read in very many ways.") from None
        first = found[0]
        if any((each and each[1]) != (first and first[1]) for each in found[1:]):
            raise BadContent("The path can be read as more than one of the document's.")
        if first is None:
            raise NotOffered("The document of this API (openapi) has no such path.")
        return first

    def check_parameters(
        self, request: RequestHead, operation: Operation, values: Mapping[str, bytes]
    ) -> None:
        """Raises BadContent."""
        described = operation.parameters
        for name, each in described["path"].items():
            each.check([values[name]])
        self._check_query(request, described["query"])
        if described["header"]:
            lines = fields(request, described["header"])
            for name, each in described["header"].items():
                texts = lines.get(name, [])
                if len(texts) > 1 and each.kind in ("list", "object"):
                    texts = [b",".join(texts)]
                each.check(texts)
        if described["cookie"]:
            sent = cookies(request, described["cookie"])
            for name, each in described["cookie"].items():
                each.check(sent.get(name, ()))

    def _check_query(self, request: RequestHead, described: Mapping[str, Parameter]) -> None:
        query = request.target.partition(b"?")[2]
        if not query and not described:
            return
        found = parameters(query, described)
        if not self.unknown:
            for name in found:
                if name not in described and name not in self.offer.keys:
                    raise BadContent(f"There is no query parameter '{named(name)}' here.")
        for name, each in described.items():
            each.check(found.get(name, ()))

    # --- by the body ---------------------------------------------------------------------------

    def _look(self, exchange: Exchange, operation: Operation) -> Look | None:
        body, request = operation.body, exchange.request
        if not has_body(exchange):
            if body is not None and body.is_required:
                raise BadContent(f"The body of {operation.name} is missing.")
            return None
        # Of one without a length only the end may tell that it is empty.
        is_open = request.length is None and not exchange.bytes_in
        if body is None:
            error = NotTaken(f"{operation.name} takes no body.")
            if is_open:
                return partial(no_body, error)
            raise error
        media = media_type(request)
        if not media and is_open and not body.is_required:
            return partial(no_body, NotTaken(_types(operation.name, body)))
        value = self._value(media, operation.name, body)
        if not is_json(media):
            return None
        return partial(_look, operation.name, self.shape, value, body.is_required)

    @staticmethod
    def _value(media: bytes, name: str, body: Body) -> Value | None:
        """What looks at a body of a type."""
        said = media.decode("latin-1")
        for each in (said, said.partition("/")[0] + "/*", "*/*"):
            if media and each in body.medias:
                return body.medias[each]
        raise NotTaken(_types(name, body))

    # --- for the operator -----------------------------------------------------------------------

    def described(self, request: RequestHead) -> list[str]:
        """What it does with a request, in words; its body is not known."""
        tail = "; it only looks on (dry_run)" if self.watch is not None else ""
        try:
            found = self.operation(request)
            if found is None:
                return [f"a preflight of CORS passes ({self.name}){tail}"]
            self.check_parameters(request, *found)
        except BadContent as error:
            return [f"{error.status}: {error.sentence} ({self.name}){tail}"]
        operation = found[0]
        body = operation.body
        takes = (
            _types(operation.name, body) if body is not None else f"{operation.name} takes no body."
        )
        return [f"{takes} ({self.name}, {self.offer.size} operations){tail}"]


def _look(name: str, shape: Shape, value: Value | None, is_required: bool, body: bytes) -> None:
    if not body:
        if is_required:
            raise BadContent(f"The body of {name} is missing.")
        return
    found = parse(body, shape)
    fault = value.fault(found) if value is not None else None
    if fault is not None:
        raise BadContent(f"The body of {name}{',' if fault[0] == '/' else ''} {fault}.")


def _types(name: str, body: Body) -> str:
    return f"{name} takes {' or '.join(body.medias)}."
