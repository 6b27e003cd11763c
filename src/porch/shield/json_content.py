"""Bodies in JSON of a bounded shape, and no others unless they are let through."""

from functools import partial

from porch.exchange import Exchange
from porch.shield.content import Content, Look, Watch, has_body
from porch.shield.content_errors import NotTaken
from porch.shield.json_shape import Shape, parse
from porch.shield.media import is_json, media_type

__all__ = ["JsonContent", "no_body"]

_WAY_OUT = (
    "This route takes JSON; send Content-Type: application/json (json_body.others lets others in)."
)


class JsonContent(Content):
    """shape, most: of a body in JSON. others: whether a body of another type passes unseen."""

    __slots__ = ("_look", "others", "shape")

    def __init__(self, shape: Shape, most: int, watch: Watch | None, *, others: bool) -> None:
        super().__init__(most, watch)
        self.shape = shape
        self.others = others
        self._look = partial(_look, shape)

    def __repr__(self) -> str:
        return f"<JsonContent {self.most} bytes{', looking on' if self.watch else ''}>"

    def described(self) -> list[str]:
        """What it does, in words."""
        shape = self.shape
        others = "others pass unseen" if self.others else "415 to others"
        verb = "only looked at" if self.watch is not None else "refused"
        return [
            f"bodies of up to {self.most} bytes, {shape.depth} deep, with {shape.keys} members,"
            f" {shape.items} items and {shape.values} values; {others}; what is not so is {verb}"
        ]

    def judge(self, exchange: Exchange) -> Look | None:
        """See Content."""
        if not has_body(exchange):
            return None
        request = exchange.request
        media = media_type(request)
        if is_json(media):
            return self._look
        if self.others:
            return None
        if not media and request.length is None and not exchange.bytes_in:
            return partial(no_body, NotTaken(_WAY_OUT))
        raise NotTaken(_WAY_OUT)


def no_body(error: NotTaken, body: bytes) -> None:
    """Looks at a body that is to be empty: of some only the end tells."""
    if body:
        raise error


def _look(shape: Shape, body: bytes) -> None:
    if body:
        parse(body, shape)
