"""The word `log`: where lines of the access log go, which have one, and what is in it."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from porch.config.model import Model, word
from porch.config.suggest import suggest
from porch.config.words import Duration, Form, Share, Strings
from porch.observe.fields import NAMES

__all__ = ["LOG_FORM", "LogFormat", "LogModel", "LogText", "read_logs"]

LOG_FORM = Form('"pretty", "json", "combined", "stdout", "stderr", "file:/path", true or false')

LogFormat = Literal["pretty", "json", "combined"]

_STATUS = re.compile(r"[1-5](?:\d\d|xx)|error")
_FIELD = re.compile(r"(?:request|response)\.[!#$%&'*+\-.^_`|~0-9a-z]{1,64}")
_KINDS_OF_FIELD = ("request.", "response.")


def _statuses(value: object) -> object:
    """A number for its text."""
    values = value if isinstance(value, list) else [value]
    texts = [str(each) if isinstance(each, int) else each for each in values]
    return value if any(isinstance(each, bool) for each in values) else texts


def _known_statuses(texts: list[str]) -> list[str]:
    for text in texts:
        if _STATUS.fullmatch(text) is None:
            raise ValueError(f'\'{text}\' is no status; write 404, "5xx" or "error"')
    return texts


def _known_fields(names: list[str]) -> list[str]:
    if not names:
        raise ValueError("a line without a key says nothing; leave it out for all usual ones")
    for name in names:
        if name in NAMES or _FIELD.fullmatch(name):
            continue
        if name.startswith(_KINDS_OF_FIELD):
            raise ValueError(f"'{name}' is not the name of a field in lower case")
        raise ValueError(
            f"'{name}' is no key of a line; write a field as request.{name} or response.{name}"
            if not (near := suggest(name, NAMES)) and re.fullmatch(r"[a-z0-9-]+", name)
            else f"'{name}' is no key of a line{near}"
        )
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"'{twice}' is there twice")
    return names


def _some(share: float) -> float:
    if not share:
        raise ValueError("0% keeps what failed or was slow alone; errors and slower say so")
    return share


class LogModel(Model):
    """One access log."""

    to: str = Field(default="stdout", description='`"stdout"`, `"stderr"` or `"file:/path"`.')
    format: LogFormat | None = word("`pretty` on a terminal and `json` otherwise, if left out.")
    fields: Annotated[
        list[str] | None,
        AfterValidator(lambda names: names if names is None else _known_fields(names)),
        Form("a list of keys"),
    ] = word(
        "Keys of a line of JSON, in that order: those of [json](observe.md#json), `reused`, "
        "`slow`, and fields such as `request.user-agent` or `response.content-type`, "
        "redacted."
    )
    status: Annotated[
        list[str],
        BeforeValidator(_statuses, json_schema_input_type=int | str | list[int | str]),
        AfterValidator(_known_statuses),
        Form('a status, "5xx", "error", or a list of them'),
    ] = Field(default=[], description='Only these: `404`, `"5xx"`, `"error"`, or a list.')
    route: Strings = Field(default=[], description="Only these routes, by their keys.")
    errors: bool = Field(default=False, description="Only what failed, and what `slower` says.")
    slower: Duration | None = word(
        "Only what took as long, and what `errors` says; each line names the phase that was slow."
    )
    sample: Annotated[Share, AfterValidator(_some)] | None = word(
        "A share of all, and with it all that failed or took as long as `slower` (1s)."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.fields is not None and self.format not in (None, "json"):
            raise ValueError(f"fields are keys of JSON, and {self.format} has none; leave one out")
        return self


LogText = bool | str | LogModel | list[str | LogModel]


def read_logs(value: object) -> object:
    """Every form as a list of tables."""
    if isinstance(value, bool):
        return [{}] if value else []
    return [_log(each) for each in value] if isinstance(value, list) else [_log(value)]


def _log(value: object) -> object:
    if isinstance(value, dict):
        if isinstance(value.get("to"), str):
            _check_place(value["to"])
        return value
    if value in ("pretty", "json", "combined"):
        return {"format": value}
    if not isinstance(value, str):
        raise ValueError(f"a log is {LOG_FORM.text}, or a table")
    _check_place(value)
    return {"to": value}


def _check_place(text: str) -> None:
    if text not in ("stdout", "stderr") and not (text.startswith("file:") and text != "file:"):
        raise ValueError(f"a log is {LOG_FORM.text}")
    if "\0" in text:
        raise ValueError("the path of a log file has no NUL (\\u0000)")
