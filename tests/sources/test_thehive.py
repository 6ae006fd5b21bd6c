"""Alerts and cases from a double of TheHive 5: complete whatever fails and whatever moves."""

from __future__ import annotations

import json
import random
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from children import ended
from consoles import QUICK, check_history, check_ledger
from databases import new_database
from doubles.qradar import Fault
from doubles.thehive import KEY, Hive, Modes, TheHive
from helpers import rows
from watchfloor import read
from watchfloor.errors import AccessDenied, BadOption, NotReachable, SourceError
from watchfloor.sources.ledger import Ledger
from watchfloor.sources.thehive import ApiKey, pull
from watchfloor.sources.thehive.pulling import address
from watchfloor.sources.tls import Tls
from watchfloor.store import Workspace, open_workspace


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def workspace(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workspace]:
    """An empty workspace."""
    place = str(tmp_path / "w.db") if request.param == "sqlite" else new_database()
    with open_workspace(place, create=True) as opened:
        yield opened


def pulled(thehive: TheHive, workspace: Workspace, **said: Any) -> Ledger:
    """A pull from the double, as a user would, but quick."""
    said = {"trust": Tls(ca_file=thehive.ca_file), "key": ApiKey(KEY), "patience": QUICK, "page_size": 50} | said
    return pull(thehive.url, workspace, **said)


def living(workspace: Workspace, source: str, kind: str) -> dict[str, Any]:
    """Objects that are not gone, by id."""
    found = workspace.bodies(source, kind)
    return {key: json.loads(body) for key, _, gone, body in found if gone is None}


def check_complete(workspace: Workspace, thehive: TheHive) -> None:
    """Every alert and case is there as it is, no other is living, and their observables are there."""
    for kind, name in (("alert", "Alert"), ("case", "Case")):
        wanted = thehive.hive.objects[name]
        assert living(workspace, thehive.url, kind) == wanted
        seen = living(workspace, thehive.url, f"{kind}_observables")
        for key in wanted:
            ours = seen.get(key, {"observables": []})["observables"]
            assert ours == sorted(thehive.hive.observables[key], key=lambda row: row["_id"])
    check_history(workspace)


def asked(thehive: TheHive, name: str) -> int:
    """How often something was asked for."""
    return sum(thehive.name_of(one) == name for one in thehive.requests)


def test_a_pull_brings_everything(workspace: Workspace) -> None:
    """Alerts, cases and observables; a second one finds nothing new and asks little."""
    with TheHive(Hive(230, 20)) as thehive:
        first = pulled(thehive, workspace)
        check_complete(workspace, thehive)
        check_ledger(first)
        assert not first.missing
        assert (first.lists["alerts"].new, first.lists["cases"].new) == (230, 20)
        assert first.api_version == "5.4.2-1"
        assert asked(thehive, "listAlert") == 5
        with_some = sum(row["observableCount"] > 0 for row in thehive.hive.objects["Alert"].values())
        assert first.lists["observables of alerts"].new == with_some
        thehive.requests.clear()
        second = pulled(thehive, workspace)
        assert sum(entry.stored for entry in second.lists.values()) == 0
        check_ledger(second)
        assert asked(thehive, "listAlert") <= 2
        check_complete(workspace, thehive)


TRANSIENT = (
    *("503", "503-html", "500", "429", "drop-headers", "reset", "chunk-cut", "gzip-cut", "stall"),
    *("broken-json", "deep", "echo-token", "object"),
)


@pytest.mark.parametrize("kind", TRANSIENT)
def test_what_fails_three_times_and_then_not_loses_nothing(workspace: Workspace, kind: str) -> None:
    """In the middle of a list, of observables, at a count; nothing is missing, nothing doubled."""
    faults = [Fault(kind, name, times=3, after=1, seconds=1.5) for name in ("listAlert", "observables", "count")]
    with TheHive(Hive(160, 5), faults=faults) as thehive:
        ledger = pulled(thehive, workspace)
        assert not ledger.missing
        check_complete(workspace, thehive)
        check_ledger(ledger)


@pytest.mark.parametrize("kind", ["503", "429", "reset", "broken-json", "html", "redirect"])
def test_what_always_fails_is_said_and_made_good_later(workspace: Workspace, kind: str) -> None:
    """What came before is kept; the next run goes on there, and does not begin anew."""
    with TheHive(Hive(230, 5), faults=[Fault(kind, "listAlert", times=None, after=2)]) as thehive:
        ledger = pulled(thehive, workspace)
        assert "alerts" in ledger.missing
        assert ledger.missing["cases"] == "not asked for"
        kept = len(living(workspace, thehive.url, "alert"))
        assert 95 <= kept <= 100
        thehive.faults.clear()
        again = pulled(thehive, workspace)
        assert not again.missing
        assert again.lists["alerts"].new == 230 - kept
        check_complete(workspace, thehive)


def test_what_changed_since_a_walk_was_broken_off_comes_with_the_run_that_ends_it(workspace: Workspace) -> None:
    """Also where that was closed which the broken walk had seen before."""
    with TheHive(Hive(230, 5), faults=[Fault("503", "listAlert", times=None, after=2)]) as thehive:
        assert "alerts" in pulled(thehive, workspace).missing
        seen = living(workspace, thehive.url, "alert")
        thehive.faults.clear()
        thehive.hive.close(sorted(seen)[::7])
        assert not pulled(thehive, workspace).missing
        check_complete(workspace, thehive)


def test_rows_that_move_between_pages_are_neither_lost_nor_doubled(workspace: Workspace) -> None:
    """New ones, closed ones, merged ones, deleted ones, after each page."""
    dice = random.Random(3)

    def move(hive: Hive, page: int) -> None:
        if page > 12:
            return
        hive.add(3)
        open_now = sorted(key for key, row in hive.objects["Alert"].items() if row["stage"] == "New")
        hive.close(open_now[page::40])
        hive.merge(dice.sample(open_now, 3))
        hive.delete("Alert", dice.sample(sorted(hive.objects["Alert"]), 2))

    with TheHive(Hive(300, 5), between=move) as thehive:
        assert not pulled(thehive, workspace, page_size=30).missing
        found = living(workspace, thehive.url, "alert")
        assert thehive.hive.objects["Alert"].keys() <= found.keys()
        thehive.between = None
        assert not pulled(thehive, workspace, page_size=30).missing
        check_complete(workspace, thehive)


def test_more_of_one_instant_than_a_page_holds(workspace: Workspace) -> None:
    """A feeder that makes many alerts at once."""
    hive = Hive(60)
    hive.add(130, at_once=True)
    hive.add(30)
    with TheHive(hive) as thehive:
        assert not pulled(thehive, workspace).missing
        check_complete(workspace, thehive)


def test_an_order_that_is_not_kept_is_an_error(workspace: Workspace) -> None:
    """Rather than a list of which nobody knows whether it is whole."""
    with TheHive(Hive(120), modes=Modes(order="ignored")) as thehive, pytest.raises(SourceError, match="in the order"):
        pulled(thehive, workspace)


@pytest.mark.parametrize("modes", [Modes(), Modes(fields=False), Modes(counts=False)], ids=["new", "old", "no-count"])
def test_a_second_run_brings_what_changed(workspace: Workspace, modes: Modes) -> None:
    """One closed, one merged, one new, one deleted, which stays, and is marked."""
    with TheHive(Hive(90, 4), modes=modes) as thehive:
        pulled(thehive, workspace)
        hive = thehive.hive
        keys = sorted(hive.objects["Alert"], key=lambda key: int(key[1:]))
        hive.pass_time(30 * 3_600_000)
        hive.close(keys[:1])
        hive.merge(keys[1:2], status="TruePositive")
        hive.add(1)
        hive.delete("Alert", keys[5:6])
        ledger = pulled(thehive, workspace)
        entry = ledger.lists["alerts"]
        assert (entry.new, entry.changed, entry.closed, entry.gone) == (1, 2, 2, 1)
        assert ledger.lists["cases"].new == 1
        check_complete(workspace, thehive)
        changes = workspace.history("alert").collect()
        assert changes.filter(change="gone")["id"].to_list() == [keys[5]]
        assert changes.filter(id=keys[0])["change"].to_list() == ["new", "closed"]


def test_observables_that_come_later(workspace: Workspace) -> None:
    """Are seen where the alert changes with them, and where it does not, while it is open."""
    with TheHive(Hive(20)) as thehive:
        pulled(thehive, workspace)
        first, second = sorted(thehive.hive.objects["Alert"])[:2]
        thehive.hive.watch(first, changes=True)
        thehive.hive._observe(second, 1)
        assert pulled(thehive, workspace).lists["observables of alerts"].stored == 2
        check_complete(workspace, thehive)


def test_observables_wait_for_the_next_run(workspace: Workspace) -> None:
    """So many in one run, those that changed last first; the ledger says how many wait."""
    with TheHive(Hive(60)) as thehive:
        ledger = pulled(thehive, workspace, observables=10)
        assert any("wait for the next runs" in remark for remark in ledger.remarks)
        assert ledger.lists["observables of alerts"].pages == 10
        for _ in range(5):
            pulled(thehive, workspace, observables=10)
        check_complete(workspace, thehive)


def test_only_what_changed_lately(workspace: Workspace) -> None:
    """`since` leaves old ones out, and a later run without it brings them."""
    with TheHive(Hive(400)) as thehive:
        scope = thehive.hive.now_ms - 86_400_000
        wanted = {key for key, row in thehive.hive.objects["Alert"].items() if row["_createdAt"] >= scope}
        assert 50 < len(wanted) < 390
        assert not pulled(thehive, workspace, since_days=1).missing
        assert living(workspace, thehive.url, "alert").keys() == wanted
        assert pulled(thehive, workspace, since_days=1).lists["alerts"].stored == 0
        pulled(thehive, workspace)
        check_complete(workspace, thehive)


@pytest.mark.parametrize(
    ("step", "missing"),
    [
        ("listCase", {"cases", "cases that are gone"}),
        ("observables", {"observables of alerts", "observables of cases"}),
    ],
)
def test_one_step_without_the_right_leaves_the_others(workspace: Workspace, step: str, missing: set[str]) -> None:
    """403 is reported, alerts come all the same, and the answers of the workspace say what is missing."""
    with TheHive(Hive(30, 5), modes=Modes(forbidden=(step,))) as thehive:
        ledger = pulled(thehive, workspace)
        assert set(ledger.missing) - {"observables of cases"} == missing - {"observables of cases"}
        assert living(workspace, thehive.url, "alert") == thehive.hive.objects["Alert"]
        [partial] = workspace.tables()["ledger"].collect()["partial"].to_list()
        assert "not authorized" in partial


def test_where_nothing_can_be_had(workspace: Workspace) -> None:
    """No right to see alerts, a wrong key, another organisation, no trust, no such host, another place: with a hint."""
    with TheHive(Hive(3), modes=Modes(forbidden=("listAlert",), path="/hive")) as thehive:
        plain = thehive.url.removesuffix("/hive")
        cases: list[tuple[dict[str, Any], type[Exception], str]] = [
            ({}, AccessDenied, "403"),
            ({"key": ApiKey("wrong")}, AccessDenied, "401 Authentication failure"),
            ({"trust": Tls()}, NotReachable, "the certificate is not trusted"),
            ({"trust": Tls(fingerprint="ab" * 32)}, NotReachable, "not the certificate that was pinned"),
        ]
        for said, error, words in cases:
            with pytest.raises(error, match=words) as caught:
                pulled(thehive, workspace, **said)
            assert getattr(caught.value, "hint", "")
        said = {"trust": Tls(ca_file=thehive.ca_file), "key": ApiKey(KEY), "patience": QUICK}
        with pytest.raises(SourceError, match="404"):
            pull(plain, workspace, **said)
        with pytest.raises(NotReachable, match="no such host"):
            pull("https://no-such-host.invalid", workspace, **said)
        thehive.modes.forbidden, thehive.modes.organisation = (), "bakery"
        with pytest.raises(AccessDenied, match="not a member"):
            pulled(thehive, workspace, organisation="other")
        assert not pulled(thehive, workspace, organisation="bakery").missing
        assert {source for source, _ in workspace.settings("thehive")} >= {f"{thehive.url}/bakery"}
    with pytest.raises(BadOption, match="clear text"):
        address("http://thehive.example:9000")
    assert address("http://thehive.example:9000/", plain=True) == "http://thehive.example:9000"
    assert address("TheHive.example/hive/") == "https://thehive.example/hive"


def test_the_key_is_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """In no log at any level, no error, no page, no file, though TheHive repeats it."""
    caplog.set_level(1)
    monkeypatch.setenv("WATCHFLOOR_THEHIVE_KEY", f"{KEY}\n")
    said: list[str] = []
    hive = Hive(40, 2)
    hive.change("Alert", sorted(hive.objects["Alert"])[:1], title=f"somebody wrote {KEY} into a rule")
    faults = [Fault("echo-token", "listAlert", times=2), Fault("echo-token", "listCase", times=None)]
    with TheHive(hive, faults=faults) as thehive, open_workspace(tmp_path / "w.db", create=True) as workspace:
        ledger = pulled(thehive, workspace, key=None)
        assert "[API key]" in ledger.missing["cases"]
        said += [repr(ledger), str(ledger.rows()), str(workspace.history().collect().to_dicts())]
        assert "somebody wrote [API key]" in said[-1]
        said += [str(frame.collect().to_dicts()) for frame in workspace.tables().values()]
        thehive.key = "another"
        with pytest.raises(AccessDenied) as caught:
            pulled(thehive, workspace, key=None)
        frames = [entry for entry in caught.traceback if "tests" not in str(entry.path)]
        said += [repr(caught.value), *(repr(one) for entry in frames for one in entry.frame.f_locals.values())]
    said += [record.getMessage() + repr(record.args) for record in caplog.records]
    hidden = (KEY, quote(KEY, safe=""))
    assert not [text for text in said for secret in hidden if secret in text]
    for file in tmp_path.iterdir():
        assert KEY.encode() not in file.read_bytes(), file
    with sqlite3.connect(tmp_path / "w.db") as stored:
        packed = [zlib.decompress(body) for (body,) in stored.execute("SELECT body FROM pages WHERE body IS NOT NULL")]
    stored.close()
    assert packed
    assert not [body for body in packed if KEY.encode() in body]


def test_the_mapped_fields_are_those_of_a_file(workspace: Workspace, tmp_path: Path) -> None:
    """One mapping: alerts and evidence are the same, whether the objects were pulled or saved to a file and read."""
    hive = Hive(80, 10)
    keys = sorted(hive.objects["Alert"])
    hive.close(keys[:20])
    hive.close(keys[20:30], "TruePositive")
    with TheHive(hive) as thehive:
        pulled(thehive, workspace)
        file = tmp_path / "thehive.json"
        saved = [
            row | {"observables": hive.observables[key]} for kind in hive.objects.values() for key, row in kind.items()
        ]
        file.write_text(json.dumps(saved), encoding="utf-8")
        ours, theirs = workspace.tables(), read(file)
        for name in ("alerts", "evidence"):
            place = ["source", "record"]
            keys = ["alert_id", *(["field", "value"] if name == "evidence" else [])]
            left = ours[name].drop(place).sort(keys).collect()
            right = theirs[name].drop(place).sort(keys).collect()
            assert left.height
            assert left.equals(right), name
        numbers = ours["alerts"].collect()["record"]
        assert numbers.n_unique() == 90


def test_work_counts_once(workspace: Workspace) -> None:
    """An alert that was merged into a case has the case's verdict, and the case no row of its own."""
    hive = Hive(10)
    keys = sorted(hive.objects["Alert"])
    case = hive.merge(keys[:2], status="TruePositive")
    open_case = hive.merge(keys[2:3])
    by_hand = hive.open_cases(1)[0]
    with TheHive(hive) as thehive:
        pulled(thehive, workspace)
        alerts = {row["alert_id"]: row for row in rows(workspace.alerts())}
        assert alerts.keys() == {*keys, by_hand}
        for key in keys[:2]:
            found = alerts[key]
            assert (found["case_id"], found["disposition"], found["escalated"]) == (case, "true_positive", True)
        assert (alerts[keys[2]]["case_id"], alerts[keys[2]]["disposition"]) == (open_case, None)


CHILD = """
import sys
from pathlib import Path
from watchfloor.sources.thehive import pull
from watchfloor.sources.tls import Tls
from watchfloor.store import open_workspace

url, ca_file, place = sys.argv[1:]
with open_workspace(place, create=True) as workspace:
    print("ready", flush=True)
    ledger = pull(url, workspace, trust=Tls(ca_file=Path(ca_file)), page_size=10)
    assert not ledger.missing, ledger.missing
"""


def test_a_pull_that_is_killed_goes_on(tmp_path: Path) -> None:
    """Four times, while alerts are closed and come anew."""
    dice = random.Random(3)

    def move(hive: Hive, page: int) -> None:
        if page % 5 == 0 and page < 100:
            hive.add(2)
            hive.close(dice.sample(sorted(hive.objects["Alert"]), 3))

    def run(thehive: TheHive, kill_after: float | None) -> bool:
        args = (thehive.url, thehive.ca_file, tmp_path / "w.db")
        return ended(CHILD, *args, environment={"WATCHFLOOR_THEHIVE_KEY": KEY}, kill_after=kill_after)

    with TheHive(Hive(400, 10), between=move) as thehive:
        for _ in range(4):
            run(thehive, dice.uniform(0.0, 0.6))
            with open_workspace(tmp_path / "w.db", create=True) as workspace:
                check_history(workspace)
        thehive.between = None
        assert run(thehive, None)
        with open_workspace(tmp_path / "w.db") as workspace:
            check_complete(workspace, thehive)
            assert not pulled(thehive, workspace).lists["alerts"].stored
