"""Every failure that consoles are known for, in either order of lists, while offenses come, close, change and go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from consoles import bodies, check_complete, check_history, check_ledger, pulled, soc
from databases import new_database
from doubles.qradar import Double, Fault, Modes, Soc
from watchfloor.sources.qradar import Tls
from watchfloor.store import Workspace, open_workspace


@pytest.fixture(params=["sqlite", "postgresql"])
def workspace(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workspace]:
    """An empty workspace."""
    place = str(tmp_path / "w.db") if request.param == "sqlite" else new_database()
    with open_workspace(place, create=True) as opened:
        yield opened


@dataclass(frozen=True)
class Failure:
    """What goes wrong."""

    faults: tuple[tuple[str, int | None], ...] = ()
    """Kinds, and how often each; null: always."""
    modes: dict[str, object] = field(default_factory=dict)
    lost: bool = False
    """Whether a run that meets it cannot be complete, and says so."""
    restarts: bool = False
    expires: bool = False
    """The token, in the middle."""


TRANSIENT = (
    *("503", "503-html", "500", "502-html", "504-html", "550", "429", "429-seconds", "429-date"),
    *("drop-body", "drop-headers", "reset", "chunk-cut", "gzip-cut", "late", "trickle", "stall", "broken-json"),
    *("deep", "echo-token"),
)
FINAL = ("401", "403", "404", "redirect", "html")
FAILURES: dict[str, Failure] = {
    **{f"{kind} once": Failure(((kind, 1),)) for kind in TRANSIENT},
    **{f"{kind} three times": Failure(((kind, 3),)) for kind in TRANSIENT if kind not in ("429-seconds", "429-date")},
    **{
        f"{kind} always": Failure(((kind, None),), lost=True)
        for kind in TRANSIENT
        if kind not in ("late", "trickle", "stall", "429-seconds", "429-date")
    },
    **{f"{kind} once": Failure(((kind, 1),), lost=True) for kind in FINAL},
    "an object in place of a list": Failure((("object", 1),)),
    "several at once": Failure((("503-html", 2), ("reset", 2), ("broken-json", 2), ("chunk-cut", 2))),
    "large pages fail": Failure(modes={"largest": 40}),
    "no totals": Failure(modes={"content_range": "none"}),
    "odd totals": Failure(modes={"content_range": "odd"}),
    "416 past the end": Failure(modes={"past_end": 416}),
    "unknown fields": Failure(modes={"unknown_fields": {"/siem/offenses": ("close_time_x",)}}),
    "no list of fields": Failure(modes={"without_fields": ("/analytics/rules", "/siem/offenses")}),
    "the web server restarts": Failure(restarts=True),
    "the token expires": Failure(lost=True, expires=True),
}
"""Section 2 of what is known of the API: 12 to 19, each that can be told from the others."""


def moves(data: Soc, page: int) -> None:
    """New ones at the head, closed, changed and deleted ones, after each of the first pages."""
    if page > 8:
        return
    data.add(5)
    living = sorted(data.offenses)
    data.close(living[page * 10 :: 71], lag_ms=40 * 60_000)
    data.modify(living[page * 7 :: 67], assigned_to="nobody")
    data.purge([number for number in living[3 * page :: 61] if not data.offenses[number]["protected"]])


@pytest.mark.slow
@pytest.mark.parametrize("moving", [False, True], ids=["still", "moving"])
@pytest.mark.parametrize("order", ["newest", "shuffled"])
@pytest.mark.parametrize("name", FAILURES)
def test_nothing_is_lost_and_nothing_doubled(workspace: Workspace, name: str, order: str, moving: bool) -> None:
    """What can be had comes at once; what not is said to be missing, and the next run brings it."""
    failure = FAILURES[name]
    actions: list[Callable[[Soc, int], None]] = [moves] if moving else []

    def between(data: Soc, page: int) -> None:
        for action in actions:
            action(data, page)

    with Double(soc(400), modes=Modes(order=order, **failure.modes), between=between) as console:
        good = console.token
        trust = Tls(fingerprint=console.fingerprint)

        def strike(_: Soc, page: int) -> None:
            if page == 2 and failure.restarts:
                console.stop()
                console.start()
            if page == 2 and failure.expires:
                console.token = "another"
            if page == 2:
                console.faults += [Fault(kind, times=times, seconds=1.2) for kind, times in failure.faults]

        actions.append(strike)
        if failure.restarts:  # with a certificate made anew
            trust = Tls(insecure=True)
        ledger = pulled(console, workspace, page_size=50, trust=trust)
        check_ledger(ledger)
        check_history(workspace)
        assert ("offenses" in ledger.missing) is failure.lost
        if failure.faults:
            assert all(fault.seen for fault in console.faults)
        if not failure.lost:
            assert not ledger.missing
            assert console.soc.offenses.keys() <= bodies(workspace, console.url).keys()
        console.faults.clear()
        actions.clear()
        console.token = good
        again = pulled(console, workspace, page_size=50, trust=trust)
        assert not again.missing
        check_ledger(again)
        check_complete(workspace, console)
