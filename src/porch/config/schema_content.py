"""The words about what requests say: the shape of JSON, the document of an API. See
docs/openapi.md."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from porch.config.model import Model, word
from porch.config.units import parse_size
from porch.config.words import SIZE_FORM, Bound, Form
from porch.shield.json_shape import DEEPEST, Shape

__all__ = ["ContentWords", "JsonModel", "OpenApiModel"]

_USUAL = Shape()


def _count(most: int) -> AfterValidator:
    def check(value: int) -> int:
        if not 1 <= value <= most:
            raise ValueError(f"1 to {most}")
        return value

    return AfterValidator(check)


def _size(default: int, text: str, description: str) -> int:
    """A word with a size, and what it is unless it is said."""
    found: int = Field(
        default=default, description=description, json_schema_extra={"default": text}
    )
    return found


class JsonModel(Model):
    """Bounds on bodies in JSON: `json_body = true`, or a table of those that differ. A body
    that is no JSON as RFC 8259 has it, or has a name twice in one object, is refused too."""

    depth: Annotated[int, _count(DEEPEST), Form("a number")] = Field(
        default=_USUAL.depth, description="Objects and arrays in one another."
    )
    keys: Annotated[int, _count(1_000_000), Form("a number")] = Field(
        default=_USUAL.keys, description="Members of an object."
    )
    items: Annotated[int, _count(10_000_000), Form("a number")] = Field(
        default=_USUAL.items, description="Items of an array."
    )
    values: Annotated[int, _count(10_000_000), Form("a number")] = Field(
        default=_USUAL.values, description="Values in all."
    )
    string: Annotated[Bound, SIZE_FORM] = _size(
        _USUAL.string, "64KB", "Bytes of a text or a name, in UTF-8."
    )
    number: Annotated[int, _count(1000), Form("a number")] = Field(
        default=_USUAL.number, description="Characters of a number."
    )
    size: Annotated[Bound, SIZE_FORM] = _size(
        parse_size("1MB"), "1MB", "Bytes of the body, which waits at the door until it is whole."
    )
    others: bool | None = word(
        "Bodies of another type pass, and are not looked at; without it they are 415.", False
    )
    dry_run: bool | None = word("Refuse nobody; tell who would have been.", False)

    @property
    def shape(self) -> Shape:
        """The bounds."""
        return Shape(
            depth=self.depth,
            keys=self.keys,
            items=self.items,
            string=self.string,
            number=self.number,
            values=self.values,
        )


def _read(value: object) -> object:
    return {} if value is True else value


Json = Annotated[
    JsonModel | Literal[False],
    BeforeValidator(_read, json_schema_input_type=bool | JsonModel),
    Form("true, a table or false"),
]


def _base(value: str) -> str:
    if not value.startswith("/") or "{" in value or "?" in value:
        raise ValueError(
            'a base is what stands before each path, such as "/v1", or "/" for nothing'
        )
    return value


class OpenApiModel(Model):
    """What requests may be, by the document of an API: `openapi = "api.yaml"`, or a table.

    OpenAPI 3.0 or 3.1, in YAML or JSON. `json_body` bounds the bodies in JSON; without it the usual
    bounds hold.
    """

    file: str = Field(description="The document.")
    base: Annotated[str, AfterValidator(_base), Form('a path, such as "/v1"')] | None = word(
        "What stands before its paths, in place of the paths of its `servers`."
    )
    unknown: bool | None = word(
        "Parameters of the query pass that it has not; `false` is 400 to them.", True
    )
    read_only: bool | None = word(
        "Clients may send what is `readOnly`; without it that is 400.", False
    )
    dry_run: bool | None = word("Refuse nobody; tell who would have been.", False)


def _file(value: object) -> object:
    return {"file": value} if isinstance(value, str) else value


OpenApi = Annotated[
    OpenApiModel | Literal[False],
    BeforeValidator(_file, json_schema_input_type=str | OpenApiModel | Literal[False]),
    Form('a file, such as "api.yaml", a table or false'),
]


class ContentWords(Model):
    """Of a route, a site or the top; the nearest wins."""

    openapi: OpenApi | None = word(
        "The document of an API: what it has not is refused, see [openapi](#openapi)."
    )

    json_body: Json | None = word(
        "Bodies are JSON, of a bounded shape. `true` for the usual bounds; see"
        " [json_body](#json_body).",
        False,
    )
