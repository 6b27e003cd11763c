"""The words of certificates, see schema.py."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from porch.config.model import Model, word
from porch.config.words import (
    Duration,
    Form,
    Strings,
    check_dns,
    one_or_more,
    read_acme,
    read_ask,
    read_dns,
    read_hsts,
)

__all__ = ["Acme", "AcmeModel", "Cert", "EabModel", "Files", "Hsts", "HstsModel"]

Files = Annotated[
    list[str],
    BeforeValidator(one_or_more, json_schema_input_type=str | list[str]),
    Form("a file in quotes, or a list of them"),
]
Cert = Annotated[
    list[str] | Literal[False],
    BeforeValidator(one_or_more, json_schema_input_type=str | list[str] | Literal[False]),
    Form("a file in quotes, a list of them, or false"),
]


class HstsModel(Model):
    """Browsers shall come by HTTPS alone (RFC 6797). `hsts = "1y"` is `max_age` alone."""

    max_age: Duration = Field(description="How long they remember it, from their last visit.")
    subdomains: bool = Field(default=False, description="For all hosts below it too.")
    preload: bool = Field(
        default=False,
        description="May be built into browsers, which is hard to undo; wants `subdomains` and a "
        "year.",
    )


Hsts = Annotated[
    HstsModel,
    BeforeValidator(read_hsts, json_schema_input_type=str | HstsModel),
    Form('a duration such as "1y", or a table'),
]


class EabModel(Model):
    """What an authority gave you to bind an account to (RFC 8555 7.3.4)."""

    kid: str = Field(description="The key's identifier.")
    key: str = Field(description="The key, base64url; a secret.")


Dns = Annotated[
    dict[str, str],
    BeforeValidator(read_dns, json_schema_input_type=str | dict[str, str]),
    AfterValidator(check_dns),
    Form("the name of a provider, or a table of texts"),
]


Ask = Annotated[
    str,
    BeforeValidator(read_ask, json_schema_input_type=str),
    Form('`"py:module:function"`, or a URL'),
]


class AcmeModel(Model):
    """Who certifies public hosts that have no `cert`, by ACME (RFC 8555).

    `acme = false` asks nobody: then hosts without `cert` are served without HTTPS.
    """

    directory: Strings = Field(
        default=["letsencrypt"],
        description="`letsencrypt`, `letsencrypt-staging`, `zerossl`, `google`, `buypass`, or the "
        "URL of another; of several the next is asked when one fails.",
    )
    email: str | None = word("Where the authority may write to.")
    ca: str | None = word("A PEM file that vouches for the directory, in place of the system's.")
    eab: EabModel | None = word("See [eab](#eab).")
    profile: str | None = word('Of the certificate, as the authority calls it: `"shortlived"`.')
    key: Literal["ecdsa", "rsa"] = Field(default="ecdsa", description="The kind of key.")
    dns: Dns | None = word(
        "Who writes records to prove a host by DNS, which a wildcard needs: a name, or a table "
        "with `provider` and its settings; see the page on certificates."
    )
    on_demand: Ask | None = word(
        "Whom to ask whether a host may have a certificate that only a route of any host or of a "
        "wildcard serves, when a client comes for it: a function of the name and the client's "
        "address that returns True or False, or a URL that is asked with `?domain=NAME&client="
        "ADDRESS` and answers 200 for yes. If left out, such hosts get none. Over plain HTTP they "
        "are served and not redirected."
    )


Acme = Annotated[
    AcmeModel | None,
    BeforeValidator(read_acme, json_schema_input_type=AcmeModel | Literal[False]),
    Form("a table, or false"),
]
