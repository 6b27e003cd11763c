"""The address of a listener, as the configuration writes it. Each form: test_listener.py."""

from porch.listen.address import ListenAddress


def test_equal_addresses_are_one_and_tls_makes_another() -> None:
    plain = ListenAddress(host="127.0.0.1", port=8443)
    assert plain == ListenAddress(host="127.0.0.1", port=8443)
    assert len({plain, ListenAddress(host="127.0.0.1", port=8443, tls=True)}) == 2


def test_an_https_address_says_so_unless_its_port_does() -> None:
    assert str(ListenAddress(port=8443, tls=True)) == "https://:8443"
    assert str(ListenAddress(port=443, tls=True)) == ":443"


def test_the_port_that_the_system_chose_stands_where_there_was_none() -> None:
    assert ListenAddress(host="::1", tls=True).bound(8443) == "https://[::1]:8443"
    assert ListenAddress(port=80).bound(80) == ":80"
    assert ListenAddress(path="/run/x.sock").bound(0) == "unix:/run/x.sock"
