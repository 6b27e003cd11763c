"""The words of compression, see schema.py."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator

from porch.compress.rules import CODINGS, LEAST, MOST_PADDING
from porch.config.model import Model, word
from porch.config.units import spell_size
from porch.config.words import SIZE_FORM, Bound, Form, Size, one_or_more

__all__ = ["Compress", "CompressModel", "read_compress"]

_TYPE = re.compile(r"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+/[!#$%&'*+\-.^_`|~0-9A-Za-z]+|\*\+[\w.\-]+)\Z")

_CODINGS = [each.decode() for each in CODINGS]
_WRITTEN = 'write "zstd", "gzip" or "br"'

Coding = Literal["zstd", "br", "gzip"]


def _once(value: list[str]) -> list[str]:
    if not value:
        raise ValueError("it is empty; write compress = false for no coding")
    for each in value:
        if value.count(each) > 1:
            raise ValueError(f"'{each}' stands twice; the order is that of preference")
    return value


def _patterns(value: list[str]) -> list[str]:
    for each in value:
        if _TYPE.match(each) is None or each.startswith("*/"):
            raise ValueError(f'\'{each}\' is no type; write "text/html", "text/*" or "*+json"')
    return value


Codings = Annotated[
    list[Coding],
    BeforeValidator(one_or_more, json_schema_input_type=Coding | list[Coding]),
    AfterValidator(_once),
    Form('"zstd", "gzip", "br", or a list of them'),
]
TypePatterns = Annotated[
    list[str],
    BeforeValidator(one_or_more, json_schema_input_type=str | list[str]),
    AfterValidator(_patterns),
    Form('a media type, such as "text/*", or a list of them'),
]


def _padded(value: int) -> int:
    if value > MOST_PADDING:
        raise ValueError(f"it is at most {spell_size(MOST_PADDING)}; 32B is usual")
    return value


class CompressModel(Model):
    """Answers are coded for clients that take it. `compress = true` is all defaults,
    `compress = ["gzip"]` is `codings` alone. The page on [compression](compression.md) says what
    is coded and what it brings."""

    codings: Codings | None = word(
        "Which, in the order of preference: among those that a client takes equally, the first.",
        [*_CODINGS],
    )
    types: TypePatterns | None = word(
        "Media types that are coded: `text/html`, `text/*`, `*+json`. If left out, what is text or "
        "as good as text, and never what is compressed in itself."
    )
    min_size: Size | None = word("The shortest body that is coded.", spell_size(LEAST))
    level: Literal["fast", "usual", "small"] | None = word(
        "How much time is spent on a smaller answer.", "usual"
    )
    brake: bool | None = word(
        "Spend less time while the worker is busy, and none while answers wait for it; `false`: "
        "always as `level` says.",
        True,
    )
    events: bool | None = word(
        "Code streams of events (`text/event-stream`) too: each event leaves at once, but each "
        "stream takes memory for as long as it runs.",
        False,
    )
    secrets: bool | None = word(
        "`true`: answers have secrets and what a stranger sent beside each other, so that their "
        "length would tell (BREACH): nothing is coded.",
        False,
    )
    decode_request: Bound | None = word(
        "Bodies of requests in gzip, br, zstd or deflate go to the origin as they were before, up "
        "to this size; 413 above, or for a bomb. If left out, they go as they came."
    )
    padding: Annotated[Size, AfterValidator(_padded), SIZE_FORM] | None = word(
        "A field of random length, up to so much, goes with each coded answer, which makes it "
        "harder to learn from lengths.",
        "0B",
    )


def read_compress(value: object) -> object:
    """`true` as a table without words, codings as one with those."""
    if value is True:
        return {}
    for each in [value] if isinstance(value, str) else value if isinstance(value, list) else ():
        if each not in _CODINGS:
            raise ValueError(f"'{each}' is no coding that is made here; {_WRITTEN}")
    return {"codings": value} if isinstance(value, str | list) else value


Compress = Annotated[
    CompressModel | Literal[False],
    BeforeValidator(
        read_compress, json_schema_input_type=bool | Coding | list[Coding] | CompressModel
    ),
    Form('true, false, a list of codings, such as ["zstd", "gzip"], or a table'),
]
