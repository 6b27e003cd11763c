"""Listen addresses."""

import re

import pytest

from porch.config.address import parse_listen
from porch.listen.address import ListenAddress


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (":80", ListenAddress(port=80)),
        ("*:80", ListenAddress(port=80)),
        (":443", ListenAddress(port=443, tls=True)),
        (":0", ListenAddress(port=0)),
        ("127.0.0.1:8080", ListenAddress(host="127.0.0.1", port=8080)),
        ("localhost:8080", ListenAddress(host="127.0.0.1", port=8080)),
        ("[::1]:8080", ListenAddress(host="::1", port=8080)),
        ("[0:0::1]:443", ListenAddress(host="::1", port=443, tls=True)),
        ("https://127.0.0.1:8443", ListenAddress(host="127.0.0.1", port=8443, tls=True)),
        ("https://:8443", ListenAddress(port=8443, tls=True)),
        ("http://:443", ListenAddress(port=443)),
        ("unix:/run/porch.sock", ListenAddress(path="/run/porch.sock")),
    ],
)
def test_an_address_is_read(text, address):
    assert parse_listen(text) == address


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("8080", "'8080' is not an address to listen on; write \":8080\""),
        ("127.0.0.1", 'it has no port; write "127.0.0.1:80"'),
        ("https://10.0.0.1", 'it has no port; write "https://10.0.0.1:443"'),
        ("::1:8080", 'an IPv6 address stands in brackets: "[::1]:8080"'),
        ("[::g]:80", "'[::g]' is not an address of a machine"),
        ("127.0.0.1:8080/", 'write "127.0.0.1:8080"'),
        ("https://127.0.0.1:8443/", 'write "https://127.0.0.1:8443"'),
        ("tcp://:80", "there are only http:// and https://"),
        (":70000", "port 70000 does not exist; the last one is 65535"),
        ("example.com:80", 'write ":80" for all addresses, or one like "127.0.0.1:80"'),
        ("300.0.0.1:80", "'300.0.0.1' is not an address of a machine"),
        ("unix:porch.sock", 'named by its whole path: "unix:/run/porch.sock"'),
        ("unix:", 'named by its whole path: "unix:/run/x.sock"'),
        ("unix:/" + "x" * 107, "at most 107 bytes"),
        ("unix:/run/\0.sock", "no NUL (\\u0000)"),
        ("", 'write ":8080"'),
        (":80 ", 'write ":8080"'),
        (":80\n", 'write ":8080"'),
        (":\u0668\u0660", 'write ":8080"'),
    ],
)
def test_what_is_no_address_is_refused_with_the_way_out(text, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        parse_listen(text)
