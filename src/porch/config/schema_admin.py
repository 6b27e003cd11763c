"""The words of `admin`: where the door is steered over TCP, and by whom. See schema_observe.py.

What no single word can tell is seen in review_admin.py.
"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from porch.config.address import parse_listen
from porch.config.model import Model, Unrepeated, word
from porch.config.words import Form, Strings
from porch.route.host import parse_host

__all__ = ["LEAST_TOKEN", "Admin", "AdminModel", "Role", "TokenModel"]

Role = Literal["read", "operate", "all"]
"""read: looks. operate: steers what runs too: endpoints, weights, maintenance, purges. all: changes
the configuration and ends the door too."""

LEAST_TOKEN = 24
"""Characters of a token: with that many nobody finds it by trying, however fast."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}\Z")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*\Z")
"""RFC 6750 2.1."""
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_MAKE_ONE = "python3 -c 'import secrets; print(secrets.token_urlsafe(32))' makes one"


def _token(value: str) -> str:
    if value.startswith("sha256:"):
        if _DIGEST.match(value) is None:
            raise Unrepeated("behind sha256: stand the 64 hexadecimal digits of its SHA-256")
    elif len(value) < LEAST_TOKEN:
        raise Unrepeated(f"it has less than {LEAST_TOKEN} characters; {_MAKE_ONE}")
    elif _TOKEN.match(value) is None:
        raise Unrepeated(f"a token has letters, digits and -._~+/ alone; {_MAKE_ONE}")
    return value


class TokenModel(Model):
    """A token and what it may do. `ann = "${ADMIN_ANN}"` is one that may do all."""

    token: Annotated[str, AfterValidator(_token), Form("a token")] = Field(
        description='The secret: `"${NAME}"` or `"file:/path"`, never written here itself; or '
        '`"sha256:…"`, by which it is known and not told.'
    )
    role: Role = Field(
        default="all",
        description="`read` looks; `operate` steers what runs too: endpoints, weights, "
        "maintenance, purges; `all` changes the configuration and stops the door too.",
    )


def _read_token(value: object) -> object:
    return {"token": value} if isinstance(value, str) else value


Token = Annotated[
    TokenModel,
    BeforeValidator(_read_token, json_schema_input_type=str | TokenModel),
    Form("a token, or a table with token and role"),
]


def _names(value: dict[str, TokenModel]) -> dict[str, TokenModel]:
    for name in value:
        if _NAME.match(name) is None:
            raise ValueError(f"'{name}' is no name: it has letters, digits and ._@+- alone")
    return value


def _addresses(texts: list[str]) -> list[str]:
    if not texts:
        raise ValueError('it names no address; write "127.0.0.1:9146"')
    for text in texts:
        parse_listen(text)
    return texts


def _hosts(texts: list[str]) -> list[str]:
    for text in texts:
        if text.startswith("*"):
            raise ValueError(f"'{text}' stands for many; name each host by which you come")
        parse_host(text)
    return texts


class AdminModel(Model):
    """Where the door is seen and steered over TCP: the API and the page.

    `admin = "127.0.0.1:9146"` is `listen` alone, and wants a token or a client certificate.
    """

    listen: Annotated[Strings, AfterValidator(_addresses)] = Field(
        description='"127.0.0.1:9146", several, or `"unix:/run/porch/admin.sock"` for `ssh -L`. '
        "With `cert` they speak HTTPS."
    )
    tokens: Annotated[dict[str, Token], AfterValidator(_names)] = Field(
        default_factory=dict,
        description="Who may come in with which token, by name: "
        '`{ ann = "${ADMIN_ANN}", screen = { token = "${SCREEN}", role = "read" } }`. The name is '
        "what the audit says.",
    )
    client_ca: str | None = word(
        "A PEM file of authorities: a certificate of one of them lets in as well; wants `cert`."
    )
    clients: dict[str, Role] = Field(
        default_factory=dict,
        description="Which of these certificates, by another name of the subject or by the subject "
        'itself (`"CN=ann,O=Example"`), and what it may do. If left out, all of them may do all.',
    )
    cert: str | None = word("A PEM file with the certificate and its chain, for HTTPS.")
    key: str | None = word("The PEM file of its key.")
    hosts: Annotated[Strings, AfterValidator(_hosts)] = Field(
        default=[],
        description="Further names by which browsers come, beside the addresses themselves and, "
        "on loopback, `localhost`. To all others the answer is 421.",
    )
    public: bool = Field(
        default=False,
        description="The address may be one that strangers reach. Without it such is an error.",
    )
    plain: bool = Field(
        default=False,
        description="Plain HTTP on a private address: who stands between reads the tokens. Without "
        "it such is an error; on a public address it always is.",
    )
    read_only: bool = Field(
        default=False, description="Nobody changes anything here, whatever the role."
    )


def _read_admin(value: object) -> object:
    return {"listen": value} if isinstance(value, str | list) else value


Admin = Annotated[
    AdminModel,
    BeforeValidator(_read_admin, json_schema_input_type=str | list[str] | AdminModel),
    Form("an address, or a table"),
]
