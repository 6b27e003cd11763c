"""The words about what is seen of a door."""

import pytest

from porch.config.load import load_mapping


def config(**words: object):
    loaded = load_mapping({"routes": {"*": ":1"}} | words, "porch.toml")
    return loaded


def test_the_defaults_log_to_stdout_and_give_ids_and_serve_no_metrics():
    found = config().config
    assert [each.to for each in found.log] == ["stdout"]
    assert (found.request_id, found.metrics) == (True, [])


def test_metrics_are_an_address_or_several():
    assert config(metrics="127.0.0.1:9145").config.metrics == ["127.0.0.1:9145"]
    several = ["[::1]:9145", "unix:/run/porch-metrics.sock"]
    assert config(metrics=several).config.metrics == several


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("9145", "is not an address to listen on"),
        ("https://127.0.0.1:9145", "metrics are served over plain HTTP"),
        ("127.0.0.1:443", "metrics are served over plain HTTP"),
        ("127.0.0.1:99999", "the last one is 65535"),
    ],
)
def test_what_is_no_address_is_refused_with_what_to_write(address, says):
    loaded = config(metrics=address)
    assert not loaded.ok
    assert says in loaded.report()
