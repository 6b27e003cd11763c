"""The reference of the configuration, rendered from the models: the page and the JSON Schema.

`python -m porch.config.reference > docs/configuration.md` writes the page; a test compares it.
"""

import sys
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from porch.config.conditions import CertificateModel, WhenModel
from porch.config.forms import form_of
from porch.config.problem import Problem, render
from porch.config.reference_text import (
    BALANCE,
    EXAMPLE,
    INTRODUCTION,
    KEYS,
    LISTEN,
    MERGING,
    PROBLEMS,
    REDIRECTS,
    SECRETS,
    UNITS,
)
from porch.config.schema import (
    TOP_ONLY,
    AcmeModel,
    AdminModel,
    ConfigModel,
    EabModel,
    EjectModel,
    ExpectModel,
    HeadersModel,
    HealthModel,
    HostWords,
    HstsModel,
    LimitsModel,
    LogModel,
    OverloadModel,
    PoolModel,
    RetryModel,
    RotateModel,
    RouteModel,
    RouteWords,
    ServerModel,
    SiteModel,
    StickyModel,
    TimeoutsModel,
    TlsModel,
    TokenModel,
)
from porch.config.schema_auth import AuthModel, ForwardModel, JwtModel, KeyModel
from porch.config.schema_bots import BlockModel, ChallengeModel
from porch.config.schema_browser import CookiesModel, CorsModel, CspModel, CsrfModel
from porch.config.schema_busy import BusyModel
from porch.config.schema_cache import BypassModel, CacheKeyModel, CacheModel, CacheStoreModel
from porch.config.schema_change import CanaryModel, MaintenanceModel, MirrorModel
from porch.config.schema_compress import CompressModel
from porch.config.schema_connections import ConnectionsModel
from porch.config.schema_content import JsonModel, OpenApiModel
from porch.config.schema_files import FilesModel
from porch.config.schema_hide import HideModel
from porch.config.schema_limit import LimitModel
from porch.config.schema_oidc import OidcModel
from porch.config.schema_traces import TracesModel
from porch.config.target import LATER
from porch.shield.headers import SECURE

__all__ = ["default_of", "json_schema", "reference_page"]

Json = dict[str, Any]

_PROBLEMS = (
    Problem(
        file="porch.toml",
        line=3,
        column=52,
        text="unknown option 'helth' for a route; did you mean 'health'?",
    ),
    Problem(
        file="porch.toml",
        line=5,
        column=1,
        text="[example.com] is read by TOML as example → com; "
        'write it under [routes] as "example.com"',
    ),
)
_TOP_ONLY = {TimeoutsModel: TOP_ONLY["timeouts"], LimitsModel: TOP_ONLY["limits"]}


def reference_page() -> str:
    """The page docs/configuration.md."""
    return "\n".join(
        [
            INTRODUCTION,
            EXAMPLE,
            "## The top",
            "",
            "Words of the whole file stand above the first `[table]`.",
            "",
            *_table(ConfigModel, without=HostWords),
            MERGING,
            *_table(RouteWords),
            LISTEN,
            KEYS,
            _text(RouteModel),
            "",
            *_table(RouteModel, without=RouteWords),
            *_targets(),
            *_section("servers", ServerModel),
            BALANCE,
            *_section("sticky", StickyModel),
            *_section("when", WhenModel),
            *_section("client_cert", CertificateModel),
            *_protection(),
            *_section("maintenance", MaintenanceModel),
            *_section("canary", CanaryModel),
            *_section("mirror", MirrorModel),
            *_section("headers", HeadersModel),
            *_secure(),
            *_browsers(),
            *_answers(),
            *_bounds(),
            *_section("health", HealthModel),
            *_section("eject", EjectModel),
            *_section("retry", RetryModel),
            *_section("overload", OverloadModel),
            *_section("limit", LimitModel),
            *_section("tls", TlsModel),
            *_section("site", SiteModel, HostWords),
            "Of a host, or at the top for all of them:",
            "",
            *_table(HostWords, without=RouteWords),
            *_section("hsts", HstsModel),
            *_section("acme", AcmeModel),
            *_section("eab", EabModel),
            *_section("pool", PoolModel),
            *_section("expect", ExpectModel),
            *_observed(),
            UNITS,
            SECRETS,
            PROBLEMS,
            "```",
            render(_PROBLEMS, running=True),
            "```",
            "",
        ]
    )


def _observed() -> list[str]:
    """On logs, traces and the admin door."""
    return [
        *_section("log", LogModel),
        *_section("rotate", RotateModel),
        *_section("traces", TracesModel),
        *_section("admin", AdminModel),
        *_section("tokens", TokenModel),
    ]


def _bounds() -> list[str]:
    """On time, on messages, and on connections."""
    return [
        *_section("timeouts", TimeoutsModel),
        *_section("limits", LimitsModel),
        *_section("connections", ConnectionsModel),
        *_section("busy", BusyModel),
    ]


def _browsers() -> list[str]:
    """What pages of other origins may do, and what pages here may; what answers tell."""
    return [
        *_section("cors", CorsModel),
        *_section("csrf", CsrfModel),
        *_section("cookies", CookiesModel),
        *("", "## csp", "", _text(CspModel)),
        *_section("hide", HideModel),
    ]


def _answers() -> list[str]:
    """What is kept of answers, how they are made smaller, and files."""
    return [
        *_section("cache", CacheModel),
        *_section("cache-key", CacheKeyModel),
        *_section("cache-bypass", BypassModel),
        *_section("cache_store", CacheStoreModel),
        *_section("compress", CompressModel),
        *_section("files", FilesModel),
    ]


def json_schema() -> Json:
    """The JSON Schema of the file, for editors: words, their forms, defaults and meanings."""
    schema = ConfigModel.model_json_schema(mode="validation")
    plain: Json = _without_noise(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "porch.toml",
        **plain,
    }


def default_of(field: FieldInfo) -> Any:
    """What holds where a word is left out; None if nothing does or it must be said."""
    extra = field.json_schema_extra
    if isinstance(extra, dict) and "default" in extra:
        return extra["default"]
    return None if field.is_required() or field.default_factory else field.default


def _without_noise(node: Any) -> Any:
    """A schema without what TOML cannot say (null) and what pydantic adds (titles)."""
    if isinstance(node, list):
        return [_without_noise(each) for each in node if each != {"type": "null"}]
    if not isinstance(node, dict):
        return node
    kept = {
        word: _without_noise(each)
        for word, each in node.items()
        if not (word == "default" and each is None) and not (word == "title" and _is_title(each))
    }
    if len(kept.get("anyOf", ())) == 1:
        kept |= kept.pop("anyOf")[0]
    return kept


def _is_title(value: Any) -> bool:
    """A word called title would be a table; pydantic's is a text."""
    return isinstance(value, str)


def _section(name: str, kind: type[BaseModel], without: type[BaseModel] | None = None) -> list[str]:
    return ["", f"## {name}", "", _text(kind), "", *_table(kind, without=without)]


def _text(kind: type[BaseModel]) -> str:
    lines = (kind.__doc__ or "").strip().splitlines()
    return "\n".join(line.strip() for line in lines)


def _table(kind: type[BaseModel], without: type[BaseModel] | None = None) -> list[str]:
    """A line a word."""
    inherited = without.model_fields if without is not None else {}
    lines = ["| word | is | default | |", "| --- | --- | --- | --- |"]
    for word, field in kind.model_fields.items():
        if word in inherited:
            continue
        meaning = field.description or ""
        if word in _TOP_ONLY.get(kind, ()):
            meaning += " At the top only."
        cells = (f"`{word}`", form_of(field), _default(field), meaning)
        lines.append("| " + " | ".join(each.replace("|", "\\|") for each in cells) + " |")
    return lines


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be said"
    value = default_of(field)
    if value is None or value in ([], {}):
        return ""
    return f"`{_toml(value)}`"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _protection() -> list[str]:
    """What lets clients in, and what does not."""
    return [
        *_section("auth", AuthModel),
        *_section("keys", KeyModel),
        *_section("jwt", JwtModel),
        *_section("oidc", OidcModel),
        *_section("forward", ForwardModel),
        *_section("block", BlockModel),
        *_section("challenge", ChallengeModel),
        *_section("json_body", JsonModel),
        *_section("openapi", OpenApiModel),
    ]


def _targets() -> list[str]:
    later = ", ".join(f"`{start}`" for start in LATER)
    return [REDIRECTS, "", f"Known by name, and refused in this version: {later}."]


def _secure() -> list[str]:
    lines = ["", '`"secure"` stands for these, each only where the origin does not send it:', ""]
    fields = (f"{name.decode()}: {value.decode()}" for name, value in SECURE.items())
    return [*lines, "```", *fields, "```"]


if __name__ == "__main__":
    sys.stdout.write(reference_page())
