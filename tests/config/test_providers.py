"""Each kind of source has its provider."""

from pathlib import Path

import pytest

from porch.balance.discover.dns import Addresses
from porch.balance.discover.docker import Containers
from porch.balance.discover.file import ListFile
from porch.balance.discover.http import ListUrl
from porch.balance.discover.srv import Services
from porch.config.finding import parse_source
from porch.config.providers import provider


def of(text: str, every: float = 0.0, resolver: str = ""):
    def load(name: str, base: Path):
        return name, base

    return provider(parse_source(text, every, resolver), Path("/etc/porch"), None, load)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("dns:a:80", Addresses),
        ("srv:_http._tcp.a", Services),
        ("docker:a:80", Containers),
        ("list:a.json", ListFile),
        ("list:http://a.test/", ListUrl),
    ],
)
def test_a_source_has_its_provider(text, kind):
    assert type(of(text).__self__) is kind


def test_a_function_is_loaded_beside_the_configuration():
    assert of("find:shop:endpoints") == ("shop:endpoints", Path("/etc/porch"))


def test_a_file_is_beside_the_configuration():
    assert of("list:a.json").__self__._file == Path("/etc/porch/a.json")


@pytest.mark.parametrize(
    ("url", "target"),
    [("http://a.test", "/"), ("http://a.test/x?y=1", "/x?y=1"), ("http://a.test?y=1", "/?y=1")],
)
def test_a_url_has_its_target_and_its_interval(url, target):
    made = of(f"list:{url}", 2.0).__self__
    assert (made._target, made._every) == (target.encode(), 2.0)
    assert of(f"list:{url}").__self__._every == 5.0


def test_who_is_asked_is_the_host_of_the_url():
    assert repr(of("list:http://a.test:81/").__self__._client()) == "<HttpClient a.test:81>"
    assert repr(of("list:http://[::1]/").__self__._client()) == "<HttpClient [::1]:80>"


def test_a_name_server_is_the_one_that_is_named():
    servers = of("dns:a:80", 0.0, "10.0.0.2:8600").__self__._servers
    assert (servers._address, servers._port) == ("10.0.0.2", 8600)
