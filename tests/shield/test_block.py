"""Rules: which requests they refuse, by heads and by bodies."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.http.message import Field, RequestHead
from porch.shield.block import MOST_BODY, Block, BlockBodies, Blocked, Rule
from porch.shield.block_spellings import TooDeep
from porch.shield.tarpit import Tarpit
from tests.support.hooks import FakeExchange
from tests.support.scenario import Scenario

PATH = Rule("path", path=("^/private(?:/|$)",))


def refuses(
    *rules: Rule, target: bytes = b"/", method: bytes = b"GET", fields: tuple[Field, ...] = ()
) -> str:
    request = RequestHead(method, target, b"a.test", b"http", [*fields])
    found = Block(rules).first(request)
    return found.name if found is not None else ""


def test_a_path_is_refused_in_each_spelling_and_by_fields_that_stand_for_it() -> None:
    for target in (b"/private", b"/x/../private/a", b"/%70rivate", b"/PRIVATE?x"):
        assert refuses(PATH, target=target) == "path"
        for name in (b"x-original-url", b"x-rewrite-url"):
            assert refuses(PATH, target=b"/", fields=((name, target),)) == "path"
    assert refuses(PATH, target=b"/?/private") == refuses(PATH, target=b"/privately") == ""
    with pytest.raises(TooDeep):
        refuses(PATH, target=b"/%25252525252e")


def test_more_targets_than_an_honest_request_has_are_not_read() -> None:
    named = (b"x-original-url", b"/x"), (b"x-rewrite-url", b"/private")
    assert refuses(PATH, fields=named * 2) == "path"
    with pytest.raises(TooDeep):
        refuses(PATH, fields=named * 3)


def test_no_tab_cuts_a_word_of_a_field_in_two() -> None:
    rule = Rule("agent", fields=((b"user-agent", "(?i)sqlmap"),))
    for value in (b"sqlmap/1", b"sql\tmap", b"sql%09map", b"SQL\t%6dap"):
        assert refuses(rule, fields=((b"user-agent", value),)) == "agent", value
    assert refuses(rule, fields=((b"user-agent", b"sql map"),)) == ""


FORMS = st.sampled_from(("%c", "%%%02x", "%%%02X", "%%25%02x", "%%u%04x"))
BETWEEN = st.sampled_from(
    ("/", "//", "/./", "/x/../", "/;/", "/%2e/", "\\", "%2f", "%5c", "/a/..;/")
)


@given(
    forms=st.lists(FORMS, min_size=7, max_size=7),
    before=BETWEEN,
    after=st.sampled_from(
        ("", "/", "/x", ";a", "?a", ".", "%20", "%00", "/..;/private", "::$DATA")
    ),
)
def test_no_mixture_of_spellings_passes(forms: list[str], before: str, after: str) -> None:
    pairs = zip(forms, "pRivate", strict=True)
    name = "".join(form % ord(letter) for form, letter in pairs)
    assert refuses(PATH, target=f"{before}{name}{after}".encode()) == "path"


def test_a_method_is_refused_whatever_stands_for_it() -> None:
    rule = Rule("delete", methods=frozenset((b"DELETE",)))
    assert refuses(rule, method=b"DELETE") == refuses(rule, method=b"delete") == "delete"
    assert refuses(rule, method=b"POST") == ""
    for name in (b"x-http-method-override", b"x-http-method", b"x-method-override"):
        assert refuses(rule, method=b"POST", fields=((name, b"Delete"),)) == "delete"
    for query in (b"_method=DELETE", b"a&%5fmethod=delete", b"_METHOD=DELETE", b"_method[]=DELETE"):
        assert refuses(rule, method=b"POST", target=b"/?" + query) == "delete"
    assert refuses(rule, method=b"POST", fields=((b"x.method", b"PUT, DELETE"),)) == "delete"
    assert refuses(rule, method=b"POST", target=b"/?method=DELETE") == ""


def test_queries_and_fields_are_looked_at_in_their_forms() -> None:
    query = Rule("query", query=("union.*select",))
    assert refuses(query, target=b"/?q=1+union+all+select") == "query"
    assert refuses(query, target=b"/?q=%55nion%2520select") == "query"
    assert refuses(query, target=b"/union-select") == refuses(query, target=b"/?") == ""
    agent = Rule("agent", fields=((b"user-agent", "sqlmap|nikto"),))
    assert refuses(agent, fields=((b"user-agent", b"a"), (b"user-agent", b"SQLMap/1"))) == "agent"
    assert refuses(agent, fields=((b"user-agent", b"%73qlmap"),)) == "agent"
    assert refuses(agent) == ""


def test_a_field_may_have_to_be_there_or_not() -> None:
    there = Rule("there", fields=((b"x-a", True),))
    missing = Rule("missing", fields=((b"x-a", False),))
    assert refuses(there) == ""
    assert refuses(there, fields=((b"x-a", b""),)) == "there"
    assert refuses(missing) == "missing"
    assert refuses(missing, fields=((b"x-a", b""),)) == ""
    both = Rule("both", fields=((b"x-a", True), (b"x-b", "1")))
    assert refuses(both, fields=((b"x-a", b"2"), (b"x-b", b"1"))) == "both"
    assert refuses(both, fields=((b"x-b", b"1"),)) == ""


def test_all_conditions_of_a_rule_have_to_hold_and_the_first_rule_is_named() -> None:
    rule = Rule(
        "all",
        methods=frozenset((b"POST",)),
        path=("^/a$",),
        query=("b",),
        fields=((b"x-c", "c"),),
    )
    whole: dict[str, Any] = {"method": b"POST", "target": b"/a?b", "fields": ((b"x-c", b"c"),)}
    assert refuses(rule, **whole) == "all"
    for name, other in (("method", b"GET"), ("target", b"/a"), ("target", b"/x?b"), ("fields", ())):
        assert refuses(rule, **(whole | {name: other})) == "", name
    assert refuses(PATH, Rule("b", path=("private",)), target=b"/private") == "path"


def test_two_hundred_rules_are_told_apart() -> None:
    rules = [Rule(str(each), path=(f"^/p{each}$",)) for each in range(200)]
    assert refuses(*rules, target=b"/p137") == "137"
    assert refuses(*rules, target=b"/p200") == ""


def test_it_describes_itself() -> None:
    assert Block([PATH]).described() == ["path: refused with 403"]
    assert Block([PATH], Tarpit(1)).described() == ["path: refused slowly, with 403"]


def test_what_is_remembered_of_paths_is_bounded() -> None:
    block = Block([PATH])
    for number in range(5000):
        block.first(RequestHead(b"GET", b"/%d" % number, b"", b"http", []))
    assert len(block._seen) <= 4096
    block.first(RequestHead(b"GET", b"/" + b"x" * 300, b"", b"http", []))
    assert all(len(each) <= 256 for each in block._seen)


def test_a_rule_may_be_quiet() -> None:
    quiet = Rule("q", path=("^/q",), quiet=True)
    assert quiet.refusal().quiet
    assert not Rule("l", path=("^/l",)).refusal().quiet
    assert Block([quiet]).described() == ["q: refused with 403, unlogged"]


def test_nor_has_a_body_a_line_that_a_quiet_rule_refuses(
    scenario: Callable[..., Scenario],
) -> None:
    story = scenario(filters=[BlockBodies([Rule("q", body=("bad",), quiet=True)])])
    story.client(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nbad").client_gets(403)
    error = story.latest.error
    assert error is not None
    assert error.quiet


def test_the_origin_does_not_hear_of_it(scenario: Callable[..., Scenario]) -> None:
    (
        scenario(filters=[Block([Rule("x", 404, path=("env",))])])
        .client(b"GET /.env HTTP/1.1\r\nhost: x\r\n\r\n")
        .client_gets(404, b"http_request_denied")
        .upstream_gets_nothing()
        .ended(1, "http_request_denied")
    )


BODY = Rule("body", body=("<script",))
POST = b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n"


def test_a_body_that_comes_with_its_head_is_refused(scenario: Callable[..., Scenario]) -> None:
    (
        scenario(filters=[BlockBodies([BODY])])
        .client(POST % 11 + b"a <SCRIPT> b")
        .client_gets(403, b"http_request_denied")
        .upstream_gets_nothing()
    )


def test_a_pattern_that_comes_in_pieces_is_found_before_the_last_goes_on(
    scenario: Callable[..., Scenario],
) -> None:
    story = scenario(filters=[BlockBodies([BODY])]).client(POST % 9)
    for byte in b"a <scrip":
        story.client(bytes((byte,)))
    story.upstream_gets(b"POST /a", b"a <scrip", end=False).client(b"t")
    story.client_gets(403, b"http_request_denied").ended(1, "http_request_denied")


def test_a_body_is_whole_with_its_last_byte_and_not_only_when_its_end_is_said() -> None:
    """HTTP/2 says so in a frame of its own, behind which an origin would have had all of it."""
    for cut in range(8):
        block = BlockBodies([BODY])
        exchange: Any = FakeExchange(method=b"POST", length=8)
        exchange.request_done = False
        assert block.on_request_data(exchange, b" <script"[:cut]) == b" <script"[:cut]
        assert block.on_request(exchange) is None
        with pytest.raises(Blocked):
            block.on_request_data(exchange, b" <script"[cut:])


def test_an_innocent_body_passes_as_it_came(scenario: Callable[..., Scenario]) -> None:
    (
        scenario(filters=[BlockBodies([BODY, PATH])])
        .client(POST % 5 + b"<scr")
        .client(b"a")
        .upstream_gets(b"POST /a", b"<scra")
        .upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        .client_gets(200)
    )


def test_a_body_that_does_not_end_is_looked_at_too(scenario: Callable[..., Scenario]) -> None:
    (
        scenario(filters=[BlockBodies([BODY])])
        .client(b"POST /a HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        .client(b"8\r\n<script>\r\n1000\r\n" + b" " * 4096 + b"\r\n")
        .client_gets(403, b"http_request_denied")
        .upstream_gets(b"POST /a", b"", end=False)
    )


def test_what_is_behind_the_bound_is_not_seen(scenario: Callable[..., Scenario]) -> None:
    before = b" " * (MOST_BODY - 7)
    for size, status in ((7, 403), (8, 200)):
        story = scenario(filters=[BlockBodies([BODY])])
        padding = before[: MOST_BODY - 7] + b" " * (size - 7)
        body = padding + b"<script>"
        story.client(POST % len(body))
        for start in range(0, len(body), 10000):
            story.client(body[start : start + 10000])
        if status == 403:
            story.client_gets(403, b"http_request_denied").upstream_gets(b"POST /a", end=False)
        else:
            story.upstream_gets(b"POST /a", body)
            story.upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").client_gets(200)


def test_a_coded_body_is_refused_only_where_its_rule_could_hold(
    scenario: Callable[..., Scenario],
) -> None:
    rule = Rule("body", path=("^/a$",), body=("x",))
    coded = b"POST %b HTTP/1.1\r\nhost: x\r\ncontent-encoding: gzip\r\ncontent-length: 1\r\n\r\nx"
    (
        scenario(filters=[BlockBodies([rule])])
        .client(coded % b"/b")
        .upstream_gets(b"POST /b", b"x")
        .upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        .client_gets(200)
    )
    for request in (coded % b"/a")[:-1], (coded % b"/a")[:-1] + b"y":
        story = scenario(filters=[BlockBodies([rule])]).client(request)
        story.client_gets(415, b"http_request_denied").upstream_gets_nothing()


def test_rules_that_need_no_body_refuse_before_it_comes(scenario: Callable[..., Scenario]) -> None:
    block = BlockBodies([BODY, Rule("path", 404, path=("^/a$",))])
    story = scenario(filters=[block]).client(POST % 5)
    story.client_gets(404, b"http_request_denied").upstream_gets_nothing()
    assert not block._reading
