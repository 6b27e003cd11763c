"""For which requests a handshake counts. OpenSSL is the client, over memory."""

from dataclasses import replace
from pathlib import Path

import pytest

from porch.errors import Misdirected, NotSecured
from porch.http.message import RequestHead
from porch.listen.security import PLAIN
from porch.tls.client_certificate import ClientCertificate
from porch.tls.presented import Kind, Presented
from tests.listen.conftest import Run
from tests.support.handshake import AUTHORITY, certificate, client
from tests.support.secured import Pair


@pytest.fixture(scope="module")
def presented(tmp_path_factory: pytest.TempPathFactory) -> Presented:
    folder: Path = tmp_path_factory.mktemp("certificates")
    return Presented({"a.test": certificate(folder, "a.test", "b.test")})


@pytest.mark.parametrize(
    ("host", "is_right"),
    [
        (b"a.test", True),
        (b"A.TEST:8443", True),
        (b"a.test.", True),
        (b"b.test", True),
        (b"z.test", False),
        (b"", False),
        (b"[::1]", False),
    ],
)
def test_a_request_for_another_host_is_misdirected_unless_the_certificate_is_for_it(
    run: Run, presented: Presented, host: bytes, is_right: bool
) -> None:
    async def main() -> None:
        agreed = Pair(presented).shake().inner.security
        assert agreed is not None
        request = RequestHead(b"GET", b"/", host, b"https", [])
        if is_right:
            agreed.check(request)
        else:
            with pytest.raises(Misdirected, match="the handshake was for a"):
                agreed.check(request)

    run(main())


def test_without_a_name_in_the_handshake_nothing_disagrees(run: Run, presented: Presented) -> None:
    async def main() -> None:
        agreed = Pair(presented, None).shake().inner.security
        assert agreed is not None
        agreed.check(RequestHead(b"GET", b"/", b"z.test", b"https", []))

    run(main())


@pytest.mark.parametrize("shows", [True, False])
def test_what_the_client_has_shown_is_for_the_hosts_that_asked_for_it(
    run: Run, presented: Presented, shows: bool
) -> None:
    kind = Kind(client_ca=AUTHORITY.cert_pem.bytes())
    asking = replace(presented, kinds={"a.test": kind, "c.test": kind})
    context = client("a.test")
    if shows:
        AUTHORITY.issue_cert("device.test").configure_cert(context)

    async def main() -> None:
        agreed = Pair(asking, context=context).shake().inner.security
        assert agreed is not None

        def shown(host: bytes) -> ClientCertificate | None:
            return agreed.certificate(RequestHead(b"GET", b"/", host, b"https", []))

        found = [shown(host) for host in (b"a.test", b"A.TEST:8443", b"a.test.", b"c.test")]
        assert [each is not None for each in found] == [shows] * 4
        assert len({id(each) for each in found}) == 1
        assert [shown(host) for host in (b"b.test", b"z.test", b"", b"[::1]")] == [None] * 4

    run(main())


def test_without_a_name_a_host_that_wants_another_tls_is_misdirected(
    run: Run, presented: Presented
) -> None:
    async def main() -> None:
        modern = {"z.test": Kind(profile="modern")}
        agreed = Pair(Presented(presented.by_host, kinds=modern), None).shake().inner.security
        assert agreed is not None
        agreed.check(RequestHead(b"GET", b"/", b"y.test", b"https", []))
        with pytest.raises(Misdirected, match="named no host"):
            agreed.check(RequestHead(b"GET", b"/", b"z.test", b"https", []))

    run(main())


def test_who_speaks_no_tls_is_told_what_was_meant() -> None:
    request = RequestHead(b"GET", b"/", b"a.test:8443", b"http", [])
    with pytest.raises(NotSecured, match=r"https://a\.test:8443/"):
        PLAIN.check(request)
    PLAIN.certificate(request)
