"""What all models of the configuration have in common."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

__all__ = ["Model", "Unrepeated", "word"]


def word(description: str, default: JsonValue = None, **bounds: Any) -> Any:
    """A word that may be left out. default: what holds then, for the reference and the schema."""
    extra: dict[str, JsonValue] = {} if default is None else {"default": default}
    return Field(None, description=description, json_schema_extra=extra, **bounds)


class Unrepeated(ValueError):
    """Why a value will not do that may be a secret: what is said of it does not show it."""


class Model(BaseModel):
    """A table: unknown words and values of another type are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)
