"""Fields that head after head begins with."""

from porch.http.known import Known

FIELDS = [(b"etag", b'"1"'), (b"vary", b"accept"), (b"vary", b"cookie")]


def test_it_has_the_lines_and_the_names_of_its_fields() -> None:
    known = Known(FIELDS)
    assert known.lines == b'etag: "1"\r\nvary: accept\r\nvary: cookie\r\n'
    assert known.names == {b"etag", b"vary"}
    assert known.count == 3


def test_its_fields_are_a_copy_of_its_own() -> None:
    fields = [*FIELDS]
    known = Known(fields)
    fields.clear()
    assert known.fields == FIELDS
    assert repr(known) == "<Known 3 fields>"
