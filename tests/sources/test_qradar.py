"""Pulls from a double of a console: complete whatever fails and whatever moves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from consoles import QUICK, bodies, check_complete, check_history, check_ledger, pulled, soc
from databases import new_database
from doubles.qradar import Double, Fault, Modes, Soc
from watchfloor.errors import AccessDenied, NotReachable, SourceError
from watchfloor.store import Workspace, open_workspace


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def workspace(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workspace]:
    """An empty workspace."""
    place = str(tmp_path / "w.db") if request.param == "sqlite" else new_database()
    with open_workspace(place, create=True) as opened:
        yield opened


def test_a_pull_brings_everything(workspace: Workspace) -> None:
    """Offenses, and whatever their ids point to; a second one finds nothing new."""
    with Double(soc()) as console:
        first = pulled(console, workspace, page_size=100)
        check_complete(workspace, console)
        check_ledger(first)
        assert not first.missing
        assert first.lists["offenses"].new == 700
        for kind, name in (("closing_reason", "closing_reasons"), ("tenant", "tenants"), ("domain", "domains")):
            assert bodies(workspace, console.url, kind) == {row["id"]: row for row in console.soc.lists[name]}
        wanted = {number for row in console.soc.offenses.values() for number in row["source_address_ids"]}
        assert bodies(workspace, console.url, "source_address").keys() == wanted
        assert bodies(workspace, console.url, "contribution") == console.soc.contributions

        second = pulled(console, workspace)
        assert sum(entry.stored for about, entry in second.lists.items() if about != "notes") == 0
        check_complete(workspace, console)
        check_ledger(second)


TRANSIENT = (
    *("503", "503-html", "500", "502-html", "504-html", "550", "429", "drop-body", "drop-headers", "reset"),
    *("chunk-cut", "gzip-cut", "late", "trickle", "stall", "broken-json", "deep", "echo-token"),
)


@pytest.mark.parametrize("kind", TRANSIENT)
def test_what_fails_three_times_and_then_not_loses_nothing(workspace: Workspace, kind: str) -> None:
    """In the middle of the list; nothing is missing, nothing doubled."""
    with Double(soc(), faults=[Fault(kind, times=3, after=2, seconds=1.5)]) as console:
        ledger = pulled(console, workspace, page_size=100)
        check_complete(workspace, console)
        check_ledger(ledger)
        assert not ledger.missing


@pytest.mark.parametrize("kind", [kind for kind in TRANSIENT if kind not in ("late", "trickle", "stall")])
def test_what_always_fails_is_said_and_made_good_later(workspace: Workspace, kind: str) -> None:
    """What came before is kept; the next run goes on there."""
    with Double(soc(), faults=[Fault(kind, times=None, after=3)]) as console:
        ledger = pulled(console, workspace, page_size=100)
        assert "offenses" in ledger.missing
        assert ledger.missing["notes"] == "not asked for"
        assert bodies(workspace, console.url).keys() == set(range(1, 301))
        console.faults.clear()
        again = pulled(console, workspace, page_size=100)
        assert not again.missing
        assert again.lists["offenses"].new == 400
        check_complete(workspace, console)


@pytest.mark.slow
@pytest.mark.parametrize("order", ["newest", "shuffled"])
def test_100_000_offenses_whatever_fails(workspace: Workspace, order: str) -> None:
    """Every failure three times in a row, one after the other, while offenses come, close and go."""

    def move(data: Soc, page: int) -> None:
        if page % 20 == 0 and page < 400:
            data.add(5)
            data.close(sorted(data.offenses)[page * 50 : page * 50 + 3], lag_ms=40 * 60_000)
            data.purge(sorted(data.offenses)[page * 60 : page * 60 + 3])

    faults = [Fault(kind, times=3, after=8 + 6 * place, seconds=6) for place, kind in enumerate(TRANSIENT)]
    # The double looks through all offenses again after each change, and shares the interpreter with us.
    patience = replace(QUICK, read=5, one_try=10, all_tries=300)
    with Double(Soc(100_000), modes=Modes(order=order), faults=faults, between=move) as console:
        assert not pulled(console, workspace, patience=patience).missing
        assert all(fault.seen >= fault.after + 3 for fault in faults)
        assert console.soc.offenses.keys() <= bodies(workspace, console.url).keys()
        console.between = None
        assert not pulled(console, workspace, patience=patience).missing
        check_complete(workspace, console)


def test_an_answer_that_trickles_ends_at_the_deadline(workspace: Workspace) -> None:
    """A byte now and then keeps every read alive, but not the answer as a whole."""
    with Double(soc(50), faults=[Fault("trickle", times=1, seconds=30)]) as console:
        began = time.monotonic()
        assert not pulled(console, workspace).missing
        assert time.monotonic() - began < 25
        check_complete(workspace, console)


@pytest.mark.parametrize("kind", ["429-seconds", "429-date"])
def test_retry_after_is_obeyed(workspace: Workspace, kind: str) -> None:
    """As seconds or as a date; a longer one than a run has time for is said."""
    with Double(soc(50), faults=[Fault(kind, times=1, seconds=2)]) as console:
        began = time.monotonic()
        pulled(console, workspace)
        assert time.monotonic() - began >= 1
        check_complete(workspace, console)
        console.faults.append(Fault(kind, times=None, seconds=3_600))
        began = time.monotonic()
        assert "429" in pulled(console, workspace).missing["offenses"]
        assert time.monotonic() - began < 600


def test_pages_shrink_under_pressure(workspace: Workspace) -> None:
    """A console that fails for more than 60 rows gives them in smaller pages."""
    with Double(soc(), modes=Modes(largest=60)) as console:
        ledger = pulled(console, workspace, page_size=500)
        assert not ledger.missing
        check_complete(workspace, console)
        sizes = [seen.headers["Range"] for seen in console.requests if seen.path == "/api/siem/offenses"]
        assert sizes[0] == "items=0-499"
        assert len(sizes) < 40  # it does not go on to ask for what failed


def test_an_offense_that_cannot_be_written_costs_itself_alone(workspace: Workspace) -> None:
    """IV98260: the list breaks off there, always. The others come, and the run says which one is missing."""
    with Double(soc(), modes=Modes(poisoned=(130, 131, 700))) as console:
        ledger = pulled(console, workspace, page_size=100)
        assert {name for name in ledger.missing if name.startswith("offense ")} == {
            "offense 130",
            "offense 131",
            "offense 700",
        }
        check_complete(workspace, console, but=(130, 131, 700))
        console.modes.poisoned = ()
        assert not pulled(console, workspace).missing
        check_complete(workspace, console)


@pytest.mark.parametrize(
    "modes",
    [
        Modes(order="shuffled"),
        Modes(content_range="none"),
        Modes(content_range="odd"),
        Modes(past_end=416),
        Modes(versions=("26.0", "99.0"), removed=("20.0",)),
    ],
    ids=["shuffled", "no-total", "odd-total", "416", "newer"],
)
def test_no_habit_of_a_console_is_taken_for_granted(workspace: Workspace, modes: Modes) -> None:
    """Order, totals, answers past the end, versions."""
    with Double(soc(300), modes=modes) as console:
        for _ in range(2):
            assert not pulled(console, workspace, page_size=100).missing
            check_complete(workspace, console)


def test_keys_that_are_null_may_be_absent_and_unknown_ones_are_kept(workspace: Workspace) -> None:
    """Some things between us and a console drop nulls; and versions add fields."""
    with Double(soc(100), modes=Modes(nulls="dropped")) as console:
        pulled(console, workspace)
        found = bodies(workspace, console.url)
        for number, row in console.soc.offenses.items():
            bare = {key: value for key, value in row.items() if value is not None}
            assert found[number] == bare | {"unknown_key": {"x": 1}}


def test_rows_that_move_between_pages_are_neither_lost_nor_doubled(workspace: Workspace) -> None:
    """New ones, closed ones, purged ones, changed ones, after each page."""

    def move(data: Soc, page: int) -> None:
        if page > 10:
            return
        data.add(7)
        living = sorted(data.offenses)
        data.close(living[page * 10 :: 97], lag_ms=40 * 60_000)
        data.modify(living[page * 7 :: 89], assigned_to="nobody")
        data.purge([number for number in living[5 * page :: 83] if not data.offenses[number]["protected"]])

    with Double(soc(), between=move) as console:
        ledger = pulled(console, workspace, page_size=60)
        assert not ledger.missing
        found = bodies(workspace, console.url)
        assert console.soc.offenses.keys() <= found.keys()
        check_history(workspace)
        console.between = None
        pulled(console, workspace, page_size=60)
        check_complete(workspace, console)


def test_a_second_run_brings_what_changed(workspace: Workspace) -> None:
    """One closed, one with a note, one that retention deleted, which stays."""
    with Double(soc(90)) as console:
        pulled(console, workspace, notes=10_000)
        data = console.soc
        data.pass_time(6 * 3_600_000)
        is_open = [number for number, row in data.offenses.items() if row["status"] == "OPEN"]
        is_closed = [number for number, row in data.offenses.items() if row["status"] == "CLOSED"]
        data.close(is_open[:1])
        data.note(is_open[-1], "looked at it", persists=False)
        data.purge(is_closed[:1])
        ledger = pulled(console, workspace, notes=10_000)
        entry = ledger.lists["offenses"]
        assert (entry.new, entry.changed, entry.closed, entry.gone) == (0, 1, 1, 1)
        assert ledger.lists["notes"].stored == 1
        check_complete(workspace, console)
        alerts = workspace.alerts().collect()
        assert str(is_closed[0]) in alerts["alert_id"]
        changes = workspace.history("offense").collect()
        assert changes.filter(change="gone")["id"].to_list() == [str(is_closed[0])]
        notes = bodies(workspace, console.url, "note")[is_open[-1]]["notes"]
        assert notes[-1]["note_text"] == "looked at it"


def test_ids_that_begin_again_are_other_offenses(workspace: Workspace) -> None:
    """A hard clean erases everything: what was there stays under its id with a number, the new ones are there too."""
    with Double(soc(60)) as console:
        pulled(console, workspace)
        before = dict(console.soc.offenses)
        console.soc.hard_clean(20)
        ledger = pulled(console, workspace)
        assert ledger.lists["offenses"].reused == 20
        assert any("not listed any more" in remark for remark in ledger.remarks)
        check_complete(workspace, console)
        alerts = workspace.alerts().collect()
        assert alerts.height == 80
        assert alerts["alert_id"].n_unique() == 80
        assert {f"{number} (1)" for number in range(1, 21)} <= set(alerts["alert_id"])
        old = alerts.filter(alert_id="5 (1)").row(0, named=True)
        assert old["event_count"] == before[5]["event_count"]


def test_a_token_that_expires_in_the_middle(workspace: Workspace) -> None:
    """What came is kept, the rest is said to be missing; a good token makes it complete."""

    def expire(_: Soc, page: int) -> None:
        if page == 3:
            console.token = "another"

    with Double(soc(), between=expire) as console:
        good = console.token
        ledger = pulled(console, workspace, page_size=100)
        assert ledger.missing["offenses"].startswith("401")
        assert len(bodies(workspace, console.url)) == 300
        console.token, console.between = good, None
        assert not pulled(console, workspace, page_size=100).missing
        check_complete(workspace, console)


@pytest.mark.parametrize(
    ("path", "about"),
    [
        ("/config/domain_management/domains", "domains"),
        ("/siem/offense_closing_reasons", "closing reasons"),
        ("/analytics/rules_offense_contributions", "rules of offenses"),
        ("/siem/source_addresses", "source addresses"),
        ("/siem/offenses/{id}/notes", "notes"),
        ("/help/versions", None),
    ],
)
def test_one_endpoint_without_the_right_leaves_the_others(workspace: Workspace, path: str, about: str | None) -> None:
    """403 is reported, offenses come all the same."""
    with Double(soc(100), modes=Modes(forbidden=(path,))) as console:
        ledger = pulled(console, workspace)
        assert set(ledger.missing) == ({about} if about else set())
        check_complete(workspace, console)
        partial = workspace.tables()["ledger"].collect()["partial"].to_list()
        assert [about in (said or "") if about else said is None for said in partial] == [True]


def test_without_the_right_to_see_offenses_there_is_nothing(workspace: Workspace) -> None:
    """403 and 401 there are errors, with what to do."""
    with Double(soc(10), modes=Modes(forbidden=("/siem/offenses",))) as console:
        with pytest.raises(AccessDenied, match="insufficient capabilities") as caught:
            pulled(console, workspace)
        assert "deploy" in caught.value.hint
        console.token = "another"
        with pytest.raises(AccessDenied, match="401") as caught:
            pulled(console, workspace)
        assert "Deploy Changes" in caught.value.hint


@pytest.mark.parametrize("kind", ["html", "redirect"])
def test_what_is_no_console_is_an_error(workspace: Workspace, kind: str) -> None:
    """A web page in place of JSON; a redirection is not followed, since the token would be sent on."""
    with Double(soc(10), faults=[Fault(kind, path="/help/versions", times=None)]) as console:
        console.faults.append(Fault(kind, times=None))
        console.faults += [Fault(kind, path=path, times=None) for path in LISTS]
        with pytest.raises(SourceError):
            pulled(console, workspace)


LISTS = (
    *("/siem/offense_closing_reasons", "/siem/offense_types", "/analytics/rules"),
    *("/config/domain_management/domains", "/config/access/tenant_management/tenants"),
    "/config/event_sources/log_source_management/log_sources",
)


def test_a_web_server_that_restarts(workspace: Workspace) -> None:
    """Connections break and are refused for a while, then all is well."""
    restarts = []

    def restart(_: Soc, page: int) -> None:
        if page == 2 and not restarts:
            restarts.append(page)
            console.stop()
            console.start()

    with Double(soc(), between=restart) as console:
        # The certificate is made anew with each start; only its fingerprint would tell.
        from watchfloor.sources.qradar import Tls

        assert not pulled(console, workspace, page_size=100, trust=Tls(insecure=True)).missing
        check_complete(workspace, console)


def test_nobody_there(workspace: Workspace) -> None:
    """A port that nobody listens on, and a name that nobody has."""
    with Double(soc(1)) as console:
        url = console.url
    from watchfloor.sources.qradar import Tls, Token, pull

    with pytest.raises(NotReachable, match="refused"):
        pull(url, workspace, token=Token("x"), trust=Tls(insecure=True), patience=QUICK)
    with pytest.raises(NotReachable, match="no such host"):
        pull("https://no-such-host.invalid", workspace, token=Token("x"), patience=QUICK)


def test_only_what_began_or_changed_lately(workspace: Workspace) -> None:
    """`since` leaves old offenses out, and a later run without it brings them."""
    with Double(soc(2_000)) as console:
        day = 86_400_000
        first = pulled(console, workspace, since_days=2)
        scope = console.soc.now_ms - 2 * day
        wanted = {
            number
            for number, row in console.soc.offenses.items()
            if max(row["start_time"], row["last_persisted_time"], row["close_time"] or 0) >= scope
        }
        assert 100 < len(wanted) < 1_900
        assert bodies(workspace, console.url).keys() == wanted
        assert not first.missing
        again = pulled(console, workspace, since_days=2)
        assert again.lists["offenses"].new == 0
        pulled(console, workspace)
        check_complete(workspace, console)


def test_hostile_text_stays_as_it_is(workspace: Workspace) -> None:
    """Control characters, numbers beyond 2^53 and bytes that are not UTF-8 neither break anything nor vanish."""
    data = soc(5)
    data.offenses[1]["description"] = "bell \x07, escape \x1b[2J, override \u202e"
    data.offenses[2]["event_count"] = 2**70
    data.offenses[3]["offense_source"] = "'; DROP TABLE objects; --"
    with Double(data, faults=[Fault("not-utf8", times=None)]) as console:
        assert not pulled(console, workspace).missing
        found = bodies(workspace, console.url)
        assert found[2]["event_count"] == 2**70
        assert found[1]["description"].endswith(data.offenses[1]["description"])
        assert found[3] == data.offenses[3]
        assert found[1]["description"].startswith("\ufffd\ufffd")
