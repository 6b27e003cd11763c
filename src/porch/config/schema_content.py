"""The words about what requests say: the shape of JSON. See docs/openapi.md."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from porch.config.model import Model, word
from porch.config.units import parse_size
from porch.config.words import SIZE_FORM, Bound, Form
from porch.shield.json_shape import DEEPEST, Shape

__all__ = ["ContentWords", "JsonModel"]

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


class ContentWords(Model):
    """Of a route, a site or the top; the nearest wins."""

    json_body: Json | None = word(
        "Bodies are JSON, of a bounded shape. `true` for the usual bounds; see"
        " [json_body](#json_body).",
        False,
    )
