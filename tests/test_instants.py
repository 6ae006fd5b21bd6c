"""Times as JSON writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from watchfloor.instants import instant_of

MOMENT = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-14T15:09:26Z",
        "2026-03-14 16:09:26+0100",
        "2026-03-14 15:09:26 (UTC)",
        "2026-03-14 16:09:26.0000000 +0100 CET",
        "2026/03/14 15:09:26 GMT",
        "2026-03-14:15:09:26.000Z",
        "14/Mar/2026:16:09:26 +0100",
        "14-Mar-2026 15:09:26 UTC",
        "Sat, 14 Mar 2026 15:09:26 GMT",
        "Sat, 14 Mar 2026 16:09:26 +0100",
        "Sat Mar 14 15:09:26 UTC 2026",
        "Sat Mar 14 15:09:26 2026 UTC",
        "3/14/2026 3:09:26 PM Z",
        "/Date(1773500966000)/",
        1773500966,
        1773500966000,
        "1773500966000000",
    ],
)
def test_instants(written: Any) -> None:
    """With an offset, or by the number of seconds, milliseconds, microseconds since 1970."""
    found = instant_of(written)
    assert found is not None
    assert found.exact == MOMENT
    assert found.text == str(written)


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-14T15:09:26",
        "Sat Mar 14 15:09:26 2026",
        "Mar 14, 2026 15:09:26",
        "14-Mar-2026 15:09:26",
        "3/14/2026 3:09:26 PM",
    ],
)
def test_clock_times(written: str) -> None:
    """Without one they are no instants, unless the format says UTC."""
    found = instant_of(written)
    assert found is not None
    assert (found.exact, found.clock) == (None, MOMENT.replace(tzinfo=None))
    by_format = instant_of(written, utc=True)
    assert by_format is not None
    assert by_format.exact == MOMENT


@pytest.mark.parametrize(
    "written",
    [
        "",
        "12",
        12,
        True,
        None,
        "Mar 14 15:09:26",
        "14/3/2026 15:09:26",
        "3/14/2026 13:09:26 PM",
        "Xyz 14 2026 15:09:26",
    ],
)
def test_what_is_no_time(written: Any) -> None:
    """A stamp without a year, a day and a month in no known order, words."""
    assert instant_of(written) is None
