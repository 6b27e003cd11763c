"""What `porch check` finds: a configuration built whole, and its [[expect]] rows."""

from pathlib import Path
from typing import Any

import pytest
import trustme

from porch.config.check import Report, check
from porch.config.load import load_mapping
from tests.support.certificates import make, names

ROUTES = {
    "a.test/api/*": {"to": ["10.0.0.1:8000", "10.0.0.2:8000"], "strip": True},
    "a.test": "https://b.test",
    "p.test": "pool",
    "u.test": "unix:/run/u.sock",
    "old.test": "redirect:https://a.test{path}",
    "POST gone.test": "respond:410",
    "up.test": {"to": ":1", "limits": {"body": "1KB"}},
}
POOL = {"pool": {"servers": ["10.0.0.3:80", "https://c.test:8443"]}}


def checked(**row: Any) -> Report:
    expect = [row] if row else []
    return check(
        load_mapping(
            {"listen": ":80", "routes": ROUTES, "pool": POOL, "expect": expect}, "porch.toml"
        )
    )


def test_what_is_right_is_counted() -> None:
    report = checked()
    assert report == Report(failed=False, text="7 routes; nothing is wrong.")
    one = check(load_mapping({"routes": {"*": ":1"}}))
    assert one.text == "1 route; nothing is wrong."


def test_warnings_stand_before_it_and_do_not_fail() -> None:
    report = check(
        load_mapping({"routes": {"*": ":1"}, "pool": {"x": {"servers": ":2"}}}, "p.toml")
    )
    assert not report.failed
    assert report.text.splitlines() == [
        "p.toml  warning  pool.x: no route leads to the pool 'x'",
        "1 route; nothing is wrong.",
    ]


def test_what_is_wrong_is_the_report() -> None:
    report = check(load_mapping({"routes": {"*": ":x"}}, "porch.toml"))
    assert report.failed
    assert report.text.endswith("1 problem; nothing was changed.")


def test_what_certificates_hold_is_looked_at_beside_errors_of_form(tmp_path: Path) -> None:
    one, other = make("a", names("a.test")), make("b", names("b.test"))
    for name, content in (("a.crt", one.pem), ("a.key", one.key), ("b.key", other.key)):
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o600)
    stem = f"{tmp_path}/a"
    words = {
        "routes": {"a.test": {"to": ":1", "helth": 1}},
        "client_ca": f"{stem}.key",
        "site": {
            "a.test": {"cert": f"{stem}.crt", "key": f"{tmp_path}/b.key"},
            "b.test": {"cert": f"{stem}.crt", "key": f"{stem}.key", "retry": 1},
            "c.test": {"cert": f"{stem}.crt"},
            "d.test": {"cert": f"{stem}.crt", "key": "gone.key"},
            "e.test": {"cert": f"{stem}.crt", "key": f"{tmp_path}/b.key", "retri": 1},
            "f.test": {"cert": 5, "key": f"{stem}.key"},
        },
    }
    loaded = load_mapping(words, "porch.toml")
    assert check(loaded).failed
    assert [each.text for each in loaded.problems if each.is_error] == [
        "site.\"e.test\".retri: unknown option 'retri' for a site; did you mean 'retry'?",
        "site.\"f.test\".cert: 'cert' is 5; it must be a file in quotes, a list of them, or false",
        "routes.\"a.test\".helth: unknown option 'helth' for a route; did you mean 'health'?",
        "site.\"c.test\".cert: 'key' is missing beside 'cert'; both are files",
        'site."d.test".key: gone.key does not exist',
        f"client_ca: {stem}.key is not a PEM file of authorities: there is no certificate in it,"
        " in PEM",
        f'site."a.test".cert: {tmp_path}/b.key is not the key of {stem}.crt',
        f'site."e.test".cert: {tmp_path}/b.key is not the key of {stem}.crt',
    ]
    warned = [each.text for each in loaded.problems if not each.is_error]
    assert any("is for a.test, and not for b.test" in each for each in warned)


@pytest.mark.parametrize(
    "row",
    [
        {"get": "http://a.test/api/x", "route": "a.test/api/*"},
        {"get": "http://a.test/", "sends": "https://b.test/"},
        {"get": "http://a.test/?q=1", "sends": "https://b.test:443/?q=1"},
        {
            "get": "http://a.test/api/x",
            "sends": "http://10.0.0.2:8000/x | http://10.0.0.1:8000/x",
        },
        {"get": "http://p.test/x", "sends": ["http://10.0.0.3/x", "https://c.test:8443/x"]},
        {"get": "http://u.test/x", "sends": "unix:/run/u.sock:/x"},
        {"get": "http://old.test/x", "status": 308},
        {"url": "http://gone.test/", "method": "POST", "status": 410},
        {"get": "http://gone.test/", "status": 404},
        {"get": "http://z.test/", "status": 404},
        {"get": "http://a.test/api/%2e%2e/", "status": 400},
        {"get": "http://a.test/", "headers": {"Host": "a b"}, "status": 400},
        {"url": "http://up.test/", "method": "PUT", "headers": {"Content-Length": "9999"}}
        | {"status": 413},
    ],
)
def test_an_expectation_that_holds(row: dict[str, Any]) -> None:
    report = checked(**row)
    assert report.text == "7 routes, 1 expectation holds; nothing is wrong."
    assert not report.failed


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (
            {"get": "http://a.test/", "route": "a.test/api/*"},
            'GET http://a.test/ takes "a.test", not "a.test/api/*"',
        ),
        (
            {"get": "http://a.test/", "sends": "http://b.test/"},
            "GET http://a.test/ sends https://b.test/, not http://b.test/",
        ),
        (
            {"get": "http://a.test/api/x", "sends": "http://10.0.0.1:8000/x"},
            "GET http://a.test/api/x sends http://10.0.0.1:8000/x | http://10.0.0.2:8000/x, "
            "not http://10.0.0.1:8000/x",
        ),
        (
            {"get": "http://old.test/", "sends": "http://x.test/"},
            "GET http://old.test/ sends nothing: 308 at the door, not http://x.test/",
        ),
        (
            {"get": "http://a.test/", "status": 200},
            "GET http://a.test/ is answered by its origin, not 200",
        ),
        (
            {"url": "http://gone.test/", "method": "POST", "status": 200},
            "POST http://gone.test/ is answered 410 at the door, not 200",
        ),
        (
            {"get": "http://a.test/api/%2e%2e/", "route": "a.test"},
            'GET http://a.test/api/%2e%2e/ takes no route, not "a.test"',
        ),
        (
            {"get": "http://a.test/", "headers": {"Host": "a b"}, "status": 404},
            "GET http://a.test/ is refused with 400: Host is not",
        ),
        ({"get": "a.test/x", "status": 404}, "'a.test/x' is not a URL; write http://example.com"),
        (
            {"get": "http://a.test/", "client": "me", "status": 404},
            "'me' is not the address of a client; write 192.0.2.1",
        ),
    ],
)
def test_an_expectation_that_fails_says_what_happens_instead(row: dict[str, Any], why: str) -> None:
    report = checked(**row)
    assert report.failed
    assert f"expect[0]: {why}" in report.text


def test_every_row_that_fails_is_reported() -> None:
    row = {"get": "http://a.test/", "status": 200, "route": "a.test/api/*"}
    loaded = load_mapping({"routes": ROUTES, "pool": POOL, "expect": [row, row]})
    assert check(loaded).text.endswith("4 problems; nothing was changed.")


def test_a_row_may_say_what_the_client_has_shown(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    made = authority.issue_cert("device.test")
    made.cert_chain_pems[0].write_to_path(tmp_path / "device.pem")

    def text(**row: Any) -> str:
        row = {"get": "https://a.test/", **row}
        data = {"routes": {"a.test": ":1"}, "client_ca": f"{tmp_path}/ca.pem", "expect": [row]}
        return check(load_mapping({"listen": ":80"} | data)).text

    assert "1 expectation holds" in text(status=403)
    shown = f"{tmp_path}/device.pem"
    assert "1 expectation holds" in text(client_cert=shown, sends="http://127.0.0.1:1/")
    assert "is answered by its origin, not 403" in text(client_cert=shown, status=403)
    assert "gone.pem cannot be read: No such file" in text(client_cert="gone.pem", status=403)
    (tmp_path / "empty.pem").touch()
    assert "there is no certificate" in text(client_cert=f"{tmp_path}/empty.pem", status=403)
