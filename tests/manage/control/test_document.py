"""The document of OpenAPI 3.1."""

from porch.manage.control.document import document
from porch.manage.control.operations import OPERATIONS


def test_each_operation_stands_in_it_with_its_words() -> None:
    found = document("1.2.3")
    assert (found["openapi"], found["info"]["version"]) == ("3.1.0", "1.2.3")
    for each in OPERATIONS.values():
        operation = found["paths"][each.path][each.method.lower()]
        assert operation["operationId"] == each.name
        if each.changes:
            content = operation["requestBody"]["content"]
            assert content["application/json"]["schema"] == each.takes
            assert [part["name"] for part in operation["parameters"]] == ["If-Match"]
        else:
            names = [part["name"] for part in operation.get("parameters", [])]
            assert names == [*each.takes["properties"]]


def test_a_word_of_a_query_that_is_no_text_is_json() -> None:
    paths = document("1")["paths"]
    (marks,) = paths["/v1/recent"]["get"]["parameters"]
    assert "application/json" in marks["content"]
    (name,) = paths["/v1/trace"]["get"]["parameters"]
    assert name["schema"]["type"] == "string"


def test_nothing_is_told_that_the_control_socket_does_not_have() -> None:
    found = document("1")
    assert "security" not in found
    for each in OPERATIONS.values():
        responses = found["paths"][each.path][each.method.lower()]["responses"]
        assert "403" in responses
        assert not {"401", "421", "429"} & responses.keys()


def test_what_may_go_on_behind_its_answer_has_a_second_one() -> None:
    paths = document("1")["paths"]
    for each in OPERATIONS.values():
        responses = paths[each.path][each.method.lower()]["responses"]
        assert ("202" in responses) is bool(each.later)
    assert "202" in paths["/v1/renew"]["post"]["responses"]
