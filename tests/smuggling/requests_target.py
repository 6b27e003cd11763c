"""Request targets and Host: who is asked for what (RFC 9112 3.2, RFC 9110 7.2, RFC 3986)."""

from tests.smuggling.case import (
    SMUGGLED,
    Accepted,
    Answered,
    Refused,
    RequestCase,
    request,
    shown,
)

__all__ = ["CASES"]

NEVER = frozenset((400, 405, 501))

BAD_HOSTS = {
    b"a b": "a space stands in it",
    b"a.test b.test": "two hosts stand in it",
    b"a.test, b.test": "two hosts stand in it",
    b"a.test,b.test": "an application takes the first or the last for the host",
    b"a.test,b.test:80,": "a port is followed by something else",
    b"a.test\tb": "a tab stands in it",
    b"a.test/case": "a path follows",
    b"a.test?x": "a query follows",
    b"a.test#x": "a fragment follows",
    b"/": "it is a path",
    b"http://a.test": "it is a URL",
    b"//a.test": "it is a reference",
    b"user@a.test": "user information comes first",
    b"user:secret@a.test": "user information comes first",
    b"a.test@b.test": "one reader goes to a.test, another to b.test",
    b"a.test:80@b.test": "one reader goes to a.test, another to b.test",
    b"a.test:80:80": "there are two ports",
    b"a.test:port": "the port is a word",
    b"a.test:-1": "the port has a sign",
    b"a.test:+80": "the port has a sign",
    b"a.test:80a": "a letter follows the port",
    b"a.test:0x50": "the port is hexadecimal",
    b"a.test:8 0": "a space stands in the port",
    b"a.test :80": "a space stands before the port",
    b"a.test: 80": "a space stands before the port",
    b"a.test:80.": "a point follows the port",
    b":80": "there is no host",
    b":": "there is no host",
    b"\\a.test": "a backslash stands in it",
    b"a.test\\b.test": "a backslash stands in it",
    b"[::1": "the bracket does not close",
    b"::1]": "the bracket does not open",
    b"::1": "an IPv6 address stands in brackets",
    b"[::1]b": "something follows the bracket",
    b"[::1]:b": "the port is a word",
    b"[::1]80": "the colon before the port is missing",
    b"[]": "the brackets are empty",
    b"[g::1]": "g is no hexadecimal digit",
    b"[a.test]": "a name stands in brackets",
    b"[::1%25lo]": "a zone means nothing to another machine",
    b"[v.x]": "the version of the literal is empty",
    b"a[::1]": "something stands before the bracket",
    b"<a.test>": "a bracket stands in it",
    b'"a.test"': "a quote stands in it",
    b"a^b": "a caret stands in it",
    b"a|b": "a bar stands in it",
    b"{a}": "a brace stands in it",
    b"a`b": "a backtick stands in it",
    b"%": "an escape is not whole",
    b"%zz": "an escape is not hexadecimal",
    b"a%2": "an escape is not whole",
    b"a.test\x00": "a NUL stands in it",
    b"a\x00.test": "a NUL stands in it",
    b"a.test\x0b": "a control character stands in it",
    b"a.test\x7f": "a control character stands in it",
    b"b\xc3\xbccher.test": "a byte above ASCII stands in it",
    b"a.test\xa0": "a no-break space stands in it",
    b"a.test\r\n b.test": "it is folded",
    b"a.test\rb": "a bare CR stands in it",
}
OWN_HOSTS = {
    b"": "it may be empty only where a target has no authority",
    b"a.test:99999": "no port has this number",
    b"a" * 3000: "no name is as long",
    b"a!$&'()*+;=b": "no name has these, which an application may stop at",
    b"a.test;b.test": "an application may stop at the semicolon",
    b".a.test": "a label is empty",
    b"a.test..": "a label is empty",
}
GOOD_HOSTS = (
    b"a.test",
    b"A.TEST",
    b"a.test.",
    b"a.test:80",
    b"a.test:",
    b"a-b_c~d.test",
    b"xn--bcher-kva.test:8080",
    b"127.0.0.1:8080",
    b"[::1]",
    b"[::1]:8080",
    b"[::ffff:127.0.0.1]",
)
HOSTS = {
    (): "it is missing",
    (b"Host: a.test", b"Host: b.test"): "there are two",
    (b"Host: a.test", b"Host: a.test"): "it is repeated",
    (b"Host: a.test", b"host: b.test"): "there are two in different case",
    (b"Host: a.test", b"X-A: b", b"HOST: b.test"): "there are two with a field between",
    (b"Host: a.test", b"Host:"): "there are two, one of them empty",
    (b"Host : a.test",): "a space stands before the colon",
    (b"Host\t: a.test",): "a tab stands before the colon",
    (b"Host : b.test", b"Host: a.test"): "there are two, one with a space before the colon",
    (b"Host: a.test", b"Host : b.test"): "there are two, one with a space before the colon",
    (b" Host: b.test", b"Host: a.test"): "there are two, one behind white space",
    (b"Host: a.test", b" Host: b.test"): "there are two, one behind white space",
    (b"X-Host: a.test",): "another field is no Host",
    (b"Host_: a.test",): "another field is no Host",
    (b"Host", b"X-A: b"): "it has no colon",
    (b"\x00Host: a.test",): "NUL stands before it",
}

ABSOLUTE = {
    b"http://b.test/case": "its authority is not Host",
    b"http://a.test.b.test/case": "its authority only begins as Host does",
    b"http://user@a.test/case": "it has user information",
    b"http://a.test@b.test/case": "one reader goes to a.test, another to b.test",
    b"http://b.test\\@a.test/case": "one reader goes to a.test, another to b.test",
    b"http://a.test:80@b.test/case": "one reader goes to a.test, another to b.test",
    b"http:///case": "its authority is empty",
    b"http://": "its authority is empty",
    b"http:/case": "it has no authority",
    b"http:case": "it has no authority",
    b"http:": "it has no authority",
    b"ftp://a.test/case": "its scheme is not served here",
    b"ws://a.test/case": "its scheme is not served here",
    b"file:///etc/passwd": "its scheme is not served here",
    b"javascript:alert(1)": "its scheme is not served here",
    b"https://a.test/case": "its scheme is not the connection's",
    b"://a.test/case": "its scheme is empty",
    b"http//a.test/case": "it is no URL",
    b"http://[::1/case": "its bracket does not close",
    b"http://a.test:port/case": "its port is a word",
    b"http://a b.test/case": "a space stands in it",
    b"http://a.test/case#x": "a fragment is never sent",
}
NO_TARGETS = {
    b"case": "a path begins with a slash",
    b"?x=1": "a path begins with a slash",
    b"a.test": "an authority is for CONNECT",
    b"a.test:80": "an authority is for CONNECT",
    b"*": "the asterisk is for OPTIONS",
    b"**": "this is no asterisk",
    b"/case#x": "a fragment is never sent",
    b"#": "a fragment is never sent",
    b"\\case": "a backslash is no slash",
    b"%2Fcase": "an escaped slash begins no path",
    b"../case": "a path begins with a slash",
    b"@b.test/case": "an origin that joins strings would go to b.test",
    b":80/case": "an origin that joins strings would read a port",
}
READINGS = {
    b"/case/../admin/x": "dot segments lead there",
    b"/admin/../case": "dot segments lead away",
    b"/../../admin/x": "dot segments above the root lead there",
    b"/%61dmin/x": "an escaped letter hides the name",
    b"/%2e%2e/admin/x": "escaped dots lead there",
    b"/x/%2E%2e/admin/x": "escaped dots lead there",
    b"/x/.%2e/admin/x": "half escaped dots lead there",
    b"/admin/%2e%2e/case": "escaped dots lead away",
    b"/./admin/x": "a dot segment stands before it",
    b"//admin/x": "two slashes stand before it",
    b"/admin%2Fx": "an escaped slash hides the end of the name",
    b"/x%2F..%2Fadmin%2Fx": "escaped slashes hide the dots",
    b"/x%5C..%5Cadmin%5Cx": "escaped backslashes hide the dots",
    b"http://a.test/case/../admin/x": "dot segments of an absolute target lead there",
    b"http://a.test/%61dmin/x": "an escaped letter of an absolute target hides the name",
    b"/%61%64%6d%69%6e%2fx": "all of it is escaped",
}
SAME_ROUTE = (
    b"/a/../case",
    b"/a/./case",
    b"//case",
    b"/case//",
    b"/%63ase",
    b"/case%2F..%2Fx",
    b"/case?x=/../admin/x",
    b"/case?x=%0d%0aX-A:%20b",
    b"/case%00",
    b"/case%0d%0aX-A:%20b",
    b"/%2561dmin/x",
    b"/ADMIN/x",
    b"/administrator",
    b"/case;/../x",
    b"/case?http://b.test/",
    b"//b.test/case",
    b"/http://b.test/case",
    b"/case%zz",
)


def _asks(target: bytes, method: bytes = b"GET") -> bytes:
    return request(start=method + b" " + target + b" HTTP/1.1")


def _heads(*lines: bytes) -> bytes:
    return b"\r\n".join([b"GET /case HTTP/1.1", *lines, b"", b""])


CASES = [
    *(
        RequestCase(
            name=f"Host is malformed: {shown(host)}",
            sent=_heads(b"Host: " + host),
            rfc="9112 3.2",
            why=f"Host decides who answers, so it is read by its grammar alone: {why}.",
            fates=(Refused(),),
        )
        for host, why in BAD_HOSTS.items()
    ),
    *(
        RequestCase(
            name=f"Host is out of bounds: {shown(host)}",
            sent=_heads(b"Host: " + host),
            rfc="9110 7.2",
            why=f"The grammar lets it pass and nobody means it: {why}.",
            fates=(Refused(),),
            ours=True,
        )
        for host, why in OWN_HOSTS.items()
    ),
    *(
        RequestCase(
            name=f"Host is as it should be: {shown(host)}",
            sent=_heads(b"Host: " + host),
            rfc="9110 7.2",
            why="What the grammar allows is taken, and goes out as it came.",
            fates=(Accepted(has=((b"host", host),)),),
            ours=True,
        )
        for host in GOOD_HOSTS
    ),
    *(
        RequestCase(
            name=f"Host comes not exactly once: {shown(b' | '.join(lines)) or 'never'}",
            sent=_heads(*lines),
            rfc="9112 3.2",
            why=f"A request has one Host, or each reader picks its own: {why}.",
            fates=(Refused(),),
            ours=why.endswith("white space"),
        )
        for lines, why in HOSTS.items()
    ),
    RequestCase(
        name="Host comes twice in HTTP/1.0",
        sent=b"GET /case HTTP/1.0\r\nHost: a.test\r\nHost: b.test\r\n\r\n",
        rfc="9112 3.2",
        why="The version does not make two hosts one.",
        fates=(Refused(),),
    ),
    RequestCase(
        name="Host is malformed in HTTP/1.0",
        sent=b"GET /case HTTP/1.0\r\nHost: a.test/x\r\n\r\n",
        rfc="9112 3.2",
        why="The version does not make it a host.",
        fates=(Refused(),),
    ),
    RequestCase(
        name="Host is missing in HTTP/1.0",
        sent=b"GET /case HTTP/1.0\r\n\r\n",
        rfc="9112 3.2",
        why="HTTP/1.0 did not know Host; what goes to the origin has exactly one.",
        fates=(Accepted(kept=False),),
    ),
    RequestCase(
        name="Host is missing beside an absolute target",
        sent=b"GET http://a.test/case HTTP/1.1\r\n\r\n",
        rfc="9112 3.2",
        why="HTTP/1.1 asks for Host whatever the target.",
        fates=(Refused(),),
    ),
    RequestCase(
        name="Connection names Host",
        sent=request(b"Connection: host"),
        rfc="9110 7.6.1",
        why="Who could take Host away could have the origin ask another site.",
        fates=(Accepted(has=((b"host", b"a.test"),)),),
    ),
    RequestCase(
        name="Host by its underscore alias",
        sent=request(b"HTTP_HOST: b.test", b"Host_: b.test"),
        rfc="9110 5.1",
        why="Names with underscores are read as others by CGI.",
        fates=(Accepted(has=((b"host", b"a.test"),), lacks=(b"http_host", b"host_")),),
        ours=True,
    ),
    *(
        RequestCase(
            name=f"an absolute target is refused: {shown(target)}",
            sent=_asks(target),
            rfc="9112 3.2.2",
            why=f"Target and Host say one thing, or two readers ask two sites: {why}.",
            fates=(Refused(),),
            ours=why.startswith("its authority is not") or "scheme" in why or "begins as" in why,
        )
        for target, why in ABSOLUTE.items()
    ),
    *(
        RequestCase(
            name=f"an absolute target goes out as a path: {shown(target)}",
            sent=_asks(target),
            rfc="9112 3.2.1",
            why="To an origin the target is a path, and Host is the authority.",
            fates=(Accepted(target=path, has=((b"host", b"a.test"),)),),
        )
        for target, path in {
            b"http://a.test/case": b"/case",
            b"HTTP://A.TEST/case": b"/case",
            b"http://a.test": b"/",
            b"http://a.test?x=1": b"/?x=1",
            b"http://a.test/case?x=http://b.test/": b"/case?x=http://b.test/",
            b"http://a.test//b.test/case": b"//b.test/case",
        }.items()
    ),
    *(
        RequestCase(
            name=f"the target is no target: {shown(target)}",
            sent=_asks(target),
            rfc="9112 3.2",
            why=f"Who repairs a target asks for something else than was sent: {why}.",
            fates=(Refused(),),
        )
        for target, why in NO_TARGETS.items()
    ),
    *(
        RequestCase(
            name=f"another site by an absolute target: {shown(target)}",
            sent=b"GET " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\n\r\n",
            rfc="9110 7.4",
            why="A door is no forward proxy: it asks its own sites alone.",
            fates=(Answered(statuses=frozenset((404, 421))),),
            ours=True,
            one_site=True,
        )
        for target, host in {
            b"http://b.test/case": b"b.test",
            b"http://a.test.b.test/case": b"a.test.b.test",
            b"http://127.0.0.1/case": b"127.0.0.1",
            b"/case": b"b.test",
        }.items()
    ),
    RequestCase(
        name="another site by an absolute target beside our own Host",
        sent=_asks(b"http://b.test/case"),
        rfc="9112 3.2.2",
        why="Two names for one request are two requests for two readers.",
        fates=(Refused(),),
        ours=True,
        one_site=True,
    ),
    *(
        RequestCase(
            name=f"CONNECT is refused: {shown(target)}",
            sent=request(*lines, start=b"CONNECT " + target + b" HTTP/1.1"),
            rfc="9110 9.3.6",
            why="This is no forward proxy, and what follows a CONNECT might be a tunnel.",
            fates=(Refused(statuses=NEVER, method=b"CONNECT"),),
        )
        for target, lines in {
            b"a.test:80": (),
            b"127.0.0.1:22": (),
            b"a.test": (),
            b"/case": (),
            b"http://a.test/case": (),
            b"*": (),
            b"b.test:443": (b"Content-Length: 0",),
            b"c.test:443": (b"Transfer-Encoding: chunked",),
        }.items()
    ),
    RequestCase(
        name="CONNECT with a body that is a request",
        sent=request(
            b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED, start=b"CONNECT /case HTTP/1.1"
        ),
        rfc="9110 9.3.6",
        why="Content of a CONNECT has no meaning; for some it is the tunnel already.",
        fates=(Refused(statuses=NEVER, method=b"CONNECT"),),
    ),
    *(
        RequestCase(
            name=f"TRACE is refused: {shown(target)} {shown(b' '.join(lines))}",
            sent=request(*lines, start=b"TRACE " + target + b" HTTP/1.1"),
            rfc="9110 9.3.8",
            why="TRACE gives back what proxies added, credentials among it.",
            fates=(Refused(statuses=frozenset((405,)), method=b"TRACE"),),
            ours=True,
        )
        for target, lines in {
            b"/case": (),
            b"*": (),
            b"http://a.test/case": (),
            b"/": (b"Max-Forwards: 0",),
            b"/x": (b"Max-Forwards: 5",),
        }.items()
    ),
    RequestCase(
        name="TRACE in lower case is another method",
        sent=_asks(b"/case", b"trace"),
        rfc="9110 9.1",
        why="Methods are case-sensitive; repairing one would be a guess.",
        fates=(Accepted(method=b"trace"),),
    ),
    *(
        RequestCase(
            name=f"OPTIONS for the door itself: {shown(target)}",
            sent=_asks(target, b"OPTIONS"),
            rfc="9110 9.3.7",
            why="The asterisk asks the door, and the connection goes on.",
            fates=(Answered(statuses=frozenset((200, 204)), method=b"OPTIONS"),),
            ours=True,
        )
        for target in (b"*", b"http://a.test")
    ),
    *(
        RequestCase(
            name=f"Max-Forwards that is used up ends at the door: {method.decode()}",
            sent=request(b"Max-Forwards: 0", start=method + b" /case HTTP/1.1"),
            rfc="9110 7.6.2",
            why="With none left the door answers and does not forward.",
            fates=(Answered(statuses=frozenset((200, 204)), method=method),),
        )
        for method in (b"OPTIONS",)
    ),
    RequestCase(
        name="Max-Forwards is counted down",
        sent=request(b"Max-Forwards: 5", start=b"OPTIONS /case HTTP/1.1"),
        rfc="9110 7.6.2",
        why="Who does not count lets a loop go on.",
        fates=(Accepted(method=b"OPTIONS", has=((b"max-forwards", b"4"),)),),
    ),
    *(
        RequestCase(
            name=f"two readings of a path take two routes: {shown(target)}",
            sent=_asks(target),
            rfc="3986 6.2.2",
            why=f"/admin/ is guarded here; the origin may normalise what the door does not: {why}.",
            fates=(Refused(),),
            ours=True,
        )
        for target, why in READINGS.items()
    ),
    *(
        RequestCase(
            name=f"all readings of a path take one route: {shown(target)}",
            sent=_asks(target),
            rfc="3986 6.2.2",
            why="The path goes out as it came: nothing decoded, nothing merged.",
            fates=(Accepted(target=target),),
        )
        for target in SAME_ROUTE
    ),
]
