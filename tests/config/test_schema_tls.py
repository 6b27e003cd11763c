"""The words of certificates."""

from typing import Any

import pytest
from pydantic import ValidationError

from porch.config.schema import ConfigModel, SiteModel


def config(**words: Any) -> ConfigModel:
    return ConfigModel.model_validate(words)


@pytest.mark.parametrize("written", ["1y", {"max_age": "1y"}])
def test_hsts_is_a_duration_or_a_table(written: object) -> None:
    hsts = config(hsts=written).hsts
    assert hsts is not None
    assert (hsts.max_age, hsts.subdomains, hsts.preload) == (31_536_000, False, False)


def test_acme_is_a_table_or_false() -> None:
    assert config(acme=False).acme is None
    acme = config().acme
    assert acme is not None
    assert acme.directory == ["letsencrypt"]
    several = config(acme={"directory": ["zerossl", "https://ca.test/dir"]}).acme
    assert several is not None
    assert several.directory == ["zerossl", "https://ca.test/dir"]


def test_dns_is_a_name_or_a_table_with_a_provider() -> None:
    for written in ("rfc2136", {"provider": "rfc2136", "server": "192.0.2.1"}):
        acme = config(acme={"dns": written}).acme
        assert acme is not None
        assert acme.dns is not None
        assert acme.dns["provider"] == "rfc2136"
    with pytest.raises(ValidationError, match="it needs a provider"):
        config(acme={"dns": {"server": "192.0.2.1"}})


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"provider": ""}, "nobody; write rfc2136, or py:module:object"),
        ({"provider": "py:shop"}, "'py:shop' is nobody"),
        ({"provider": "py:shop:"}, "'py:shop:' is nobody"),
        ({"provider": "persist", "resolvers": "none"}, "needs no resolvers; take it out"),
        ({"provider": "x", "resolver_port": "dns"}, "resolver_port is 'dns'; it must be a port"),
        ({"provider": "x", "resolver_port": "0"}, "resolver_port is '0'; it must be a port"),
        ({"provider": "x", "resolvers": "192.0.2.1, ns.a.test"}, "'ns.a.test' in resolvers is no"),
    ],
)
def test_words_of_dns_that_are_the_doors_own_are_looked_at(
    words: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ValidationError, match=sentence):
        config(acme={"dns": words})


@pytest.mark.parametrize(
    "words",
    [
        {"provider": "persist"},
        {"provider": "py:shop.dns:Kinds.Own", "zone": "a.test"},
        {"provider": "x", "resolvers": "none"},
        {"provider": "x", "resolvers": "192.0.2.1, 2001:db8::1", "resolver_port": "5353"},
    ],
)
def test_and_these_can_be(words: dict[str, str]) -> None:
    acme = config(acme={"dns": words}).acme
    assert acme is not None
    assert acme.dns == words


def test_cert_is_a_file_several_or_false() -> None:
    def site(**words: Any) -> SiteModel:
        return SiteModel.model_validate(words)

    assert site(cert="a.pem").cert == ["a.pem"]
    assert site(cert=["a.pem", "b.pem"]).cert == ["a.pem", "b.pem"]
    assert site(cert=False).cert is False
    with pytest.raises(ValidationError):
        site(cert=True)


@pytest.mark.parametrize(
    "written",
    ["py:shop:ask", "py:shop.names:Names.ask", "http://127.0.0.1:9000/ask", "https://a.test?b=1"],
)
def test_on_demand_asks_a_function_or_a_url(written: str) -> None:
    acme = config(acme={"on_demand": written}).acme
    assert acme is not None
    assert acme.on_demand == written


@pytest.mark.parametrize(
    "written",
    [
        True,
        *("py:shop", "py::ask", "shop:ask", "127.0.0.1:9000", "ftp://a.test/", "http://"),
        *(
            "http://a.test/#x",
            "http://a.test/a b",
            "http://a.test:99999/",
            "http://[a/",
            "http://u:p@a.test/",
        ),
    ],
)
def test_and_nothing_else(written: object) -> None:
    with pytest.raises(ValidationError):
        config(acme={"on_demand": written})
