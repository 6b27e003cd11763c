"""A real door before an API: what its document has not never reaches the origin, by either version
of HTTP, and bodies that want to cost much cost little."""

import gzip
import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from tests.e2e.conftest import Client, Door
from tests.smuggling.strict import Request
from tests.support.h2_socket import H2Socket
from tests.support.site import Site, written

AUTHORITY = trustme.CA()
API = Path(__file__).parent.parent / "support" / "api.yaml"
JSON = {"Content-Type": "application/json"}
SEEN = b"the origin has seen it"


def respond(request: Request) -> bytes:
    return written(request, 200, ((b"content-type", b"text/plain"),), SEEN)


@pytest.fixture
def site() -> Iterator[Site]:
    with Site(respond) as made:
        yield made


@pytest.fixture
def running(door: Callable[..., Door], site: Site, tmp_path: Path) -> Door:
    pair = tmp_path / "pair.pem"
    AUTHORITY.issue_cert("a.test").private_key_and_cert_chain_pem.write_to_path(pair)
    file = tmp_path / "api.yaml"
    file.write_bytes(API.read_bytes())
    to = f"127.0.0.1:{site.port}"
    return door(
        'listen = ["127.0.0.1:0", "https://127.0.0.1:0"]\nworkers = 1\nlog = { format = "json" }\n'
        f'[routes]\n"*" = {{ to = "{to}", openapi = "{file}" }}\n'
        f'"*/free/*" = {{ to = "{to}" }}\n'
        f'"*/watched/*" = {{ to = "{to}", openapi = {{ file = "{file}", dry_run = true }} }}\n'
        f'"*/decoded/*" = {{ to = "{to}", json_body = true, '
        'compress = { decode_request = "1MB" } }\n'
        f'"*/big/*" = {{ to = "{to}", json_body = {{ size = "20MB", string = "20MB" }} }}\n'
        f'[site."a.test"]\ncert = "{pair}"\nkey = "{pair}"\n'
    )


def asked(
    running: Door, method: str, path: str, body: bytes | None = None, **fields: str
) -> tuple[int, dict[str, str], bytes]:
    client = http.client.HTTPConnection("127.0.0.1", running.port, timeout=20)
    try:
        names = {name.replace("_", "-"): value for name, value in fields.items()}
        client.request(method, path, body, names)
        answer = client.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        client.close()


CASES: list[tuple[str, str, bytes | None, int]] = [
    ("GET", "/v1/pets?limit=5", None, 200),
    ("GET", "/v1/pets?limit=500", None, 400),
    ("GET", "/v1/pets/7", None, 200),
    ("GET", "/v1/pets/seven", None, 400),
    ("GET", "/v1/owners", None, 404),
    ("GET", "/v1/pets%2f7", None, 400),
    ("PUT", "/v1/pets/7", b"{}", 405),
    ("DELETE", "/v1/pets/7", b"{}", 415),
    ("POST", "/v1/pets", b'{"name":"Ada"}', 200),
    ("POST", "/v1/pets", b'{"name":"Ada","id":1}', 400),
    ("POST", "/v1/pets", b'{"name":5}', 400),
    ("POST", "/v1/pets", b'{"name":"Ada","name":"Bob"}', 400),
    ("POST", "/v1/pets", b"[" * 100_000, 400),
    ("POST", "/v1/pets", b'{"name":"' + b"a" * 2_000_000 + b'"}', 413),
]


def test_what_the_document_has_not_never_reaches_the_origin(running: Door, site: Site) -> None:
    for method, path, body, status in CASES:
        before = len(site.asked)
        found = asked(running, method, path, body, Content_Type="application/json")[0]
        assert (found, len(site.asked) - before) == (status, status == 200), (method, path)


def test_nor_by_http_2(running: Door, site: Site) -> None:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    for method, path, body, status in CASES:
        before = len(site.asked)
        with H2Socket(running.ports[1], context) as client:
            kind = (b"content-type", b"application/json")
            number = client.opens(path.encode(), kind, method=method.encode(), end=body is None)
            client.flush()
            if body is not None and len(body) < 1_000_000:
                client.says(number, body)
            elif body is not None:  # it is refused before it is all there
                client.says(number, body[:60_000], end=False)
                client.says(number, body[60_000:1_200_000], end=False)
            found = client.answered(number).status
        assert (found, len(site.asked) - before) == (status, status == 200), (method, path)


def test_the_answer_says_what_is_wrong_and_where_and_no_value(running: Door) -> None:
    body = b'{"name":"Ada","kind":"my-secret"}'
    accepts = {"Accept": "application/json", "Content_Type": "application/json"}
    status, fields, page = asked(running, "POST", "/v1/pets", body, **accepts)
    assert (status, fields["content-type"]) == (400, "application/problem+json")
    problem = json.loads(page)
    assert problem["detail"] == (
        "The body of POST /pets, /kind is none of the values that there are."
    )
    assert "my-secret" not in str(fields) + page.decode()
    status, fields, _ = asked(running, "PUT", "/v1/pets/7")
    assert (status, fields["allow"]) == (405, "GET, DELETE, HEAD")
    running.wait_until(lambda: "/kind is none of the values" in running.log, "the line")
    assert "my-secret" not in running.log + running.errors


def test_where_it_only_looks_on_the_message_log_says_what_it_would(running: Door) -> None:
    assert asked(running, "GET", "/watched/x")[0] == 200
    running.wait_until(lambda: "only looks on: it would answer 404" in running.errors, "it")


def test_a_coded_body_is_looked_at_where_it_is_decoded(running: Door) -> None:
    coded = {"Content_Type": "application/json", "Content_Encoding": "gzip"}
    assert asked(running, "POST", "/decoded/x", gzip.compress(b'{"a":1}'), **coded)[0] == 200
    assert asked(running, "POST", "/decoded/x", gzip.compress(b'{"a":NaN}'), **coded)[0] == 400
    assert asked(running, "POST", "/v1/pets", gzip.compress(b'{"name":"A"}'), **coded)[0] == 415


@pytest.mark.parametrize("chunked", [False, True])
def test_others_do_not_wait_while_a_hostile_body_is_looked_at(
    running: Door, *, chunked: bool
) -> None:
    """Eight at a time, of 10 MB: of brackets that close, and of a text that is all escapes."""
    bodies = [b"[" * 5_000_000 + b"]" * 5_000_000, b'"' + b"\\u0061" * 1_600_000 + b'"']

    def send(body: bytes) -> None:
        client = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
        pieces = (body[at : at + 65536] for at in range(0, len(body), 65536))
        client.request("POST", "/big/x", pieces if chunked else body, JSON, encode_chunked=chunked)
        statuses.append(client.getresponse().status)
        client.close()

    statuses: list[int] = []
    threads = [threading.Thread(target=send, args=(bodies[each % 2],)) for each in range(8)]
    for each in threads:
        each.start()
    waits = []
    while any(each.is_alive() for each in threads):
        began = time.monotonic()
        assert asked(running, "GET", "/free/x")[0] == 200
        waits.append(time.monotonic() - began)
    for each in threads:
        each.join()
    assert statuses.count(400) + statuses.count(200) == 8
    assert sorted(waits)[len(waits) // 2] < 1.0, waits


def test_a_reload_reads_the_document_again_and_a_broken_one_changes_nothing(
    running: Door, tmp_path: Path
) -> None:
    file = tmp_path / "api.yaml"
    text = file.read_text()
    assert asked(running, "GET", "/v1/owners")[0] == 404
    file.write_text(text.replace("  /notes:", "  /owners: { get: {} }\n  /notes:"))
    assert running.reload() == ""
    assert asked(running, "GET", "/v1/owners")[0] == 200
    file.write_text(text.replace("#/components/schemas/Pet", "https://a.test/x", 1))
    assert "leads out of the file" in running.reload()
    assert asked(running, "GET", "/v1/owners")[0] == 200


def test_a_slow_body_is_not_sent_before_it_is_whole(running: Door, site: Site) -> None:
    client = Client(running)
    client.send(
        b"POST /v1/pets HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        b'Content-Length: 14\r\n\r\n{"name"'
    )
    time.sleep(0.1)
    assert not site.asked
    client.send(b':"Ada"}')
    assert SEEN in client.read_answer()[2]
    assert len(site.asked) == 1
    client.close()
