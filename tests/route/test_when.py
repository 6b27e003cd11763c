"""The words of `when`: what they take, and what is said about what they do not take."""

import pytest

from porch.route.when import parse_when


def test_all_words_together_say_what_is_asked() -> None:
    conditions = parse_when(
        {
            "method": "get".upper(),
            "client": ["10.0.0.0/8", "::1"],
            "header": {"X-Beta": "1"},
            "query": {"Page": "~[0-9]+$"},
            "cookie": {"Team": False},
        }
    )
    assert str(conditions) == (
        'method GET, client in 10.0.0.0/8 or ::1/128, header x-beta = "1", '
        'query Page = "~[0-9]+$", cookie Team is absent'
    )


def test_an_empty_when_asks_nothing() -> None:
    assert len(parse_when({})) == 0


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ({"headers": {}}, "unknown condition 'headers'; there are method, header, query"),
        ({"method": 1}, "when.method is a string or a list of strings"),
        ({"method": []}, "when.method is a string or a list of strings"),
        ({"method": "get"}, "'get' is not a method; they are written in capitals"),
        ({"method": "GET POST"}, "'GET POST' is not a method"),
        ({"client": True}, "when.client is a string or a list of strings"),
        ({"client": "localhost"}, "'localhost' is not an address or a network"),
        ({"client": "10.0.0.1/8"}, "an address within a network; write '10.0.0.0/8'"),
        ({"header": "x"}, "when.header is a table: header = { name ="),
        ({"header": {"x": 1}}, "when.header 'x' is a string, true [(]present[)] or false"),
        ({"header": {"a b": "1"}}, "'a b' is not the name of a header"),
        ({"header": {"Host": "a"}}, "the host of a request stands in the key"),
        ({"header": {"TE": "x"}}, "'TE' is about one connection alone"),
        ({"header": {"x": "~("}}, "'[(]' is not a regex"),
        ({"query": {"x": "~"}}, "the regex behind ~ is empty"),
        ({"client_cert": "CN=a"}, "when.client_cert is true, false or a table"),
        ({"client_cert": {}}, "asks nothing; write true for any certificate"),
        ({"client_cert": {"issuer": "x"}}, "unknown part 'issuer' of a certificate"),
        ({"client_cert": {"san": 1}}, "when.client_cert 'san' is a string, true [(]present[)]"),
        ({"client_cert": {"san": "~("}}, "'[(]' is not a regex"),
    ],
)
def test_what_cannot_be_asked_is_refused(when: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_when(when)


def test_a_value_is_shown_as_it_may_be_shown() -> None:
    when = {"header": {"x-key": "s3cret"}, "cookie": {"a": "~s3cret$"}, "query": {"b": True}}
    conditions = parse_when(when, lambda text: text.replace("s3cret", "${KEY}"))
    assert str(conditions) == 'header x-key = "${KEY}", cookie a = "~${KEY}$", query b is present'
    assert conditions.values == parse_when(when).values
