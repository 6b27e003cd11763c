"""The words of an access log; the golden files have the sentences of a whole file."""

import pytest

from porch.config.load import load_mapping
from porch.config.schema_log import read_logs


def loaded(log: object):
    return load_mapping({"routes": {"*": ":1"}, "log": log}, "porch.toml")


def test_logs_are_always_a_list_of_tables():
    assert read_logs(True) == [{}]
    assert read_logs(False) == []
    assert read_logs(["json", {"to": "stderr"}]) == [{"format": "json"}, {"to": "stderr"}]
    with pytest.raises(ValueError, match="a log is"):
        read_logs("jsn")
    with pytest.raises(ValueError, match="no NUL"):
        read_logs("file:/var/log/\0")


def test_a_status_is_a_number_a_class_or_a_list_of_them():
    for status, means in ((404, ["404"]), ("5xx", ["5xx"]), ([404, "error"], ["404", "error"])):
        (log,) = loaded({"status": status}).config.log
        assert log.status == means


def test_without_a_word_a_log_has_all_of_everything():
    (log,) = loaded({}).config.log
    assert (log.fields, log.status, log.route, log.errors) == (None, [], [], False)
    assert (log.slower, log.sample) == (None, None)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"fields": ["status", "statos"]}, "'statos' is no key of a line; did you mean 'status'?"),
        ({"fields": ["user-agent"]}, "write a field as request.user-agent or response.user-agent"),
        ({"fields": ["request.User-Agent"]}, "is not the name of a field in lower case"),
        ({"fields": ["request."]}, "is not the name of a field in lower case"),
        ({"fields": ["id", "id"]}, "'id' is there twice"),
        ({"fields": []}, "a line without a key says nothing"),
        ({"fields": ["id"], "format": "combined"}, "fields are keys of JSON, and combined has"),
        ({"status": "6xx"}, "'6xx' is no status"),
        ({"status": True}, "it must be a status"),
        ({"sample": "0%"}, "errors and slower say so"),
        ({"sample": 1}, "a share is a number up to 100 with %"),
        ({"slower": 2}, 'such as "2s"'),
        ({"slow": "2s"}, "did you mean 'slower'?"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_to_write(words, says):
    assert says in loaded([words]).report()
