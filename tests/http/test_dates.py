"""HTTP dates are read if they are dates and not if they are nearly."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.http.dates import date_of, http_date

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC).timestamp()
FIRST = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "value",
    [
        b"Sun, 06 Nov 1994 08:49:37 GMT",
        b"Sunday, 06-Nov-94 08:49:37 GMT",
        b"Sun Nov  6 08:49:37 1994",
        b"SUN, 06 NOV 1994 08:49:37 gmt",
        b"sunday, 06-nOv-94 08:49:37 gMt",
        b"sUn nOV  6 08:49:37 1994",
        b"Mon, 06 Nov 1994 08:49:37 GMT",  # the wrong day
        b"Sun Nov 06 08:49:37 1994",
    ],
)
def test_the_three_formats_name_one_moment(value):
    assert http_date(value, NOW) == FIRST


@pytest.mark.parametrize(
    "value",
    [
        b"Tue, 19 Jan 2038 14:14:08 GMT",
        b"Sun, 21 Nov 2286 04:46:39 GMT",
        b"Thursday, 18-Aug-50 02:01:18 GMT",
        b"Thu Aug  8 02:01:18 2050",
        b"THU, 18 Aug 2050 02:01:18 GMT",
        b"Thu, 18 AUG 2050 02:01:18 GMT",
        b"Thu, 18 Aug 2050 02:01:18 gMT",
        b"Fri, 31 Dec 9999 23:59:60 GMT",
    ],
)
def test_far_dates_are_ahead(value):
    moment = http_date(value, NOW)
    assert moment is not None
    assert moment > NOW


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"0",
        b"-1",
        b"foo",
        b"Thu, 18 Aug 2050 02:01:18 UTC",
        b"Thu, 18 Aug 2050 02:01:18 AEST",
        b"Thu, 18 Aug 2050 02:01:18 +0000",
        b"Thu, 18 Aug 2050 02:01:18",
        b"Thu, 18 Aug 50 02:01:18 GMT",
        b"Thu 18 Aug 2050 02:01:18 GMT",
        b"Thu, 18  Aug  2050 02:01:18 GMT",
        b"Thu, 18-Aug-2050 02:01:18 GMT",
        b"Thu, 18 Aug 2050 02.01.18 GMT",
        b"Thu, 18 Aug 2050 2:01:18 GMT",
        b"Thu, 8 Aug 2050 02:01:18 GMT",
        b"Thu, 18 Aug 2050 2:01:18 GMT, Thu, 18 Aug 2050 2:01:19 GMT",
        b"Thu, 18 Aug 2050 02:01:18 GMT ",
        b" Thu, 18 Aug 2050 02:01:18 GMT",
        b"Thu, 18 Aug 2050 02:01:18 GMT\n",
        b"Thu, 30 Feb 2050 02:01:18 GMT",
        b"Thu, 00 Aug 2050 02:01:18 GMT",
        b"Thu, 18 Aug 0000 02:01:18 GMT",
        b"Thu, 18 Aug 2050 24:00:00 GMT",
        b"Thu, 18 Aug 2050 02:60:00 GMT",
        b"Thu, 18 Aug 2050 02:00:61 GMT",
        b"Tho, 18 Aug 2050 02:01:18 GMT",
        b"Thu, 18 Agu 2050 02:01:18 GMT",
        b"Thursday, 18 Aug 2050 02:01:18 GMT",
        b"Thu, 18-Aug-50 02:01:18 GMT",
        b"Thursday, 31-Feb-50 02:01:18 GMT",
        b"Thu Aug 8 02:01:18 2050",
        b"Thu Aug  8 02:01:18 2050 GMT",
        b"2050-08-18T02:01:18Z",
        b"Thu, 18 Aug 2050 02:01:18 \xd8MT",
    ],
)
def test_what_is_nearly_a_date_is_none(value):
    assert http_date(value, NOW) is None


@pytest.mark.parametrize(
    ("digits", "now", "year"),
    [
        (b"76", NOW, 2076),  # Januaries: 49 years and a month ahead
        (b"77", NOW, 1977),
        (b"26", NOW, 2026),
        (b"99", NOW, 1999),
        (b"00", NOW, 2000),
        (b"05", datetime(2099, 6, 1, tzinfo=UTC).timestamp(), 2105),
        (b"94", datetime(1996, 6, 1, tzinfo=UTC).timestamp(), 1994),
        (b"70", datetime(2019, 6, 1, tzinfo=UTC).timestamp(), 1970),
    ],
)
def test_two_digits_of_a_year_mean_the_one_within_50_years(digits, now, year):
    moment = http_date(b"Friday, 01-Jan-%b 00:00:00 GMT" % digits, now)
    assert moment == datetime(year, 1, 1, tzinfo=UTC).timestamp()


def test_two_digits_that_would_be_a_month_more_than_50_years_ahead_are_past():
    moment = http_date(b"Friday, 31-Dec-76 00:00:00 GMT", NOW)
    assert moment == datetime(1976, 12, 31, tzinfo=UTC).timestamp()


@given(
    st.datetimes(datetime(1600, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)),
)
def test_what_is_written_is_read(moment):
    moment = moment.replace(microsecond=0)
    assert http_date(format_datetime(moment, usegmt=True).encode(), NOW) == moment.timestamp()


@given(st.binary(max_size=40))
def test_nothing_raises(value):
    assert http_date(value, NOW) is None


def test_the_date_of_a_field_is_that_of_its_only_line():
    line = (b"date", b"Sun, 06 Nov 1994 08:49:37 GMT")
    assert date_of(b"date", [(b"expires", b"0"), line], NOW) == FIRST
    assert date_of(b"date", [line, line], NOW) is None
    assert date_of(b"expires", [(b"expires", b"0")], NOW) is None
    assert date_of(b"date", [], NOW) is None
