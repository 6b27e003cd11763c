"""The words of `when`: what else than host and path a route asks of a request (schema.py)."""

from pydantic import Field

from porch.config.model import Model, word
from porch.config.words import Strings, Wanted

__all__ = ["CertificateModel", "WhenModel"]


class CertificateModel(Model):
    """Conditions on the certificate of a client; all must hold.

    `porch explain --client-cert FILE` shows what one has, as it is to be written here.
    """

    subject: Wanted | None = word('The subject as RFC 4514 writes it: `"CN=device,O=Example"`.')
    san: Wanted | None = word(
        "One of its other names: a host, an e-mail address, a URI or an IP address."
    )


class WhenModel(Model):
    """Conditions besides host and path; all must hold.

    A value is a text it equals, `"~regex"` matched from the start, `true` (present) or `false`
    (absent).
    """

    method: Strings | None = word("A method, or several of which one must hold.")
    header: dict[str, Wanted] = Field(default_factory=dict, description="By the field's name.")
    query: dict[str, Wanted] = Field(default_factory=dict, description="By the parameter's name.")
    cookie: dict[str, Wanted] = Field(default_factory=dict, description="By the cookie's name.")
    client: Strings | None = word("Addresses or networks of the client, of which one must hold.")
    client_cert: bool | CertificateModel | None = word(
        "What the client has shown beside `client_ca`; `true` for any certificate, `false` for "
        "none, or a table, see [client_cert](#client_cert)."
    )
