"""Incidents from a double of Microsoft Graph: complete whatever fails and whatever moves."""

from __future__ import annotations

import json
import random
import sqlite3
import time
import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from children import ended
from consoles import QUICK, check_history, check_ledger
from databases import new_database
from doubles.graph import CLIENT_ID, CLIENT_SECRET, TENANT, Graph, Modes, Tenant
from doubles.qradar import Fault
from helpers import rows
from watchfloor import read
from watchfloor.errors import AccessDenied, BadOption, NotReachable, SourceError
from watchfloor.sources.graph import ClientSecret, pull
from watchfloor.sources.graph.pulling import place
from watchfloor.sources.graph.ticks import text_of, ticks_of
from watchfloor.sources.ledger import Ledger
from watchfloor.sources.tls import Tls
from watchfloor.store import Workspace, open_workspace

SOURCE = f"/{TENANT}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def workspace(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workspace]:
    """An empty workspace."""
    place = str(tmp_path / "w.db") if request.param == "sqlite" else new_database()
    with open_workspace(place, create=True) as opened:
        yield opened


def pulled(graph: Graph, workspace: Workspace, **said: Any) -> Ledger:
    """A pull from the double, as a user would, but quick."""
    said = {
        "url": graph.url,
        "login_url": graph.url,
        "trust": Tls(ca_file=graph.ca_file),
        "secret": ClientSecret(CLIENT_SECRET),
        "patience": QUICK,
    } | said
    return pull(TENANT, CLIENT_ID, workspace, **said)


def living(workspace: Workspace, graph: Graph) -> dict[str, dict[str, Any]]:
    """Incidents that are not gone, by id."""
    found = workspace.bodies(graph.url + SOURCE, "incident")
    return {key: json.loads(body) for key, _, gone, body in found if gone is None}


def check_complete(workspace: Workspace, graph: Graph, *, bare: tuple[str, ...] = ()) -> None:
    """Every incident is there as it is, and no other is living; those in `bare` without their alerts."""
    wanted = {
        key: {name: value for name, value in row.items() if name != "alerts"} if key in bare else row
        for key, row in graph.tenant.incidents.items()
    }
    assert living(workspace, graph) == wanted
    check_history(workspace)


def pages(graph: Graph) -> list[dict[str, str]]:
    """How the list was asked for."""
    return [asked.params for asked in graph.requests if graph.name_of(asked) == "incidents"]


def test_a_pull_brings_everything(workspace: Workspace) -> None:
    """Incidents with their alerts, 50 a page; a second one finds nothing new and asks little."""
    with Graph(Tenant(230)) as graph:
        first = pulled(graph, workspace)
        check_complete(workspace, graph)
        check_ledger(first)
        assert not first.missing
        assert (first.lists["incidents"].new, first.api_version) == (230, "v1.0")
        assert {said["$top"] for said in pages(graph)} == {"50"}
        asked = len(graph.requests)
        second = pulled(graph, workspace)
        assert second.lists["incidents"].stored == 0
        check_ledger(second)
        assert len(graph.requests) - asked <= 4
        check_complete(workspace, graph)
        assert [asked.method for asked in graph.requests].count("POST") == 2


TRANSIENT = (
    *("503", "503-html", "500", "502-html", "429", "drop-headers", "reset", "chunk-cut", "gzip-cut", "stall", "late"),
    *("broken-json", "deep", "echo-token", "object"),
)


@pytest.mark.parametrize("kind", TRANSIENT)
def test_what_fails_three_times_and_then_not_loses_nothing(workspace: Workspace, kind: str) -> None:
    """In the middle of the list; nothing is missing, nothing doubled."""
    with Graph(Tenant(160), faults=[Fault(kind, "incidents", times=3, after=1, seconds=1.5)]) as graph:
        ledger = pulled(graph, workspace)
        assert not ledger.missing
        check_complete(workspace, graph)
        check_ledger(ledger)


@pytest.mark.parametrize("kind", ["503", "429", "reset", "broken-json", "html", "redirect", "403"])
def test_what_always_fails_is_said_and_made_good_later(workspace: Workspace, kind: str) -> None:
    """What came before is kept; the next run goes on there, and does not begin anew."""
    with Graph(Tenant(230), faults=[Fault(kind, "incidents", times=None, after=2)]) as graph:
        ledger = pulled(graph, workspace)
        assert "incidents" in ledger.missing
        partial = workspace.tables()["ledger"].collect()["partial"].to_list()
        assert "incidents" in partial[0]
        kept = len(living(workspace, graph))
        assert 90 <= kept <= 100
        graph.faults.clear()
        graph.requests.clear()
        again = pulled(graph, workspace)
        assert not again.missing
        assert again.lists["incidents"].new == 230 - kept
        assert "$filter" in pages(graph)[0]
        check_complete(workspace, graph)


@pytest.mark.parametrize("kind", ["429-seconds", "429-date"])
def test_retry_after_is_obeyed(workspace: Workspace, kind: str) -> None:
    """As seconds or as a date, with the size of the page as it was."""
    with Graph(Tenant(60), faults=[Fault(kind, "incidents", times=1, seconds=2)]) as graph:
        began = time.monotonic()
        assert not pulled(graph, workspace).missing
        assert time.monotonic() - began >= 1
        assert {said["$top"] for said in pages(graph)} == {"50"}
        check_complete(workspace, graph)


def test_rows_that_move_between_pages_are_neither_lost_nor_doubled(workspace: Workspace) -> None:
    """New ones, resolved ones, changed ones, deleted ones, after each page."""
    dice = random.Random(3)

    def move(tenant: Tenant, page: int) -> None:
        if page > 12:
            return
        tenant.add(3)
        tenant.resolve(dice.sample(sorted(tenant.incidents), 6))
        tenant.change(dice.sample(sorted(tenant.incidents), 6), assignedTo="bob@soc.example")
        tenant.purge(dice.sample(sorted(tenant.incidents), 2))

    with Graph(Tenant(300), between=move) as graph:
        ledger = pulled(graph, workspace)
        assert not ledger.missing
        assert graph.tenant.incidents.keys() <= living(workspace, graph).keys()
        graph.between = None
        assert not pulled(graph, workspace).missing
        check_complete(workspace, graph)


@pytest.mark.parametrize("order", ["as asked", "ignored", "refused"])
@pytest.mark.parametrize("links", ["skip", "token", "none"])
def test_no_habit_of_graph_is_taken_for_granted(workspace: Workspace, order: str, links: str) -> None:
    """Order, and links to the next page, which some answers lack."""
    with Graph(Tenant(230), modes=Modes(order=order, links=links)) as graph:
        for _ in range(2):
            ledger = pulled(graph, workspace)
            assert not ledger.missing
            check_ledger(ledger)
            check_complete(workspace, graph)
            graph.tenant.resolve(sorted(graph.tenant.incidents)[:7])
            graph.tenant.add(4)


@pytest.mark.parametrize("links", ["skip", "token", "none"])
def test_more_of_one_time_than_a_page_holds(workspace: Workspace, links: str) -> None:
    """Incidents that were all changed in one instant: the links are followed, or rows left out."""
    tenant = Tenant(190)
    tenant.pass_time(hours=1)
    for key in sorted(tenant.incidents)[:170]:
        tenant.incidents[key] |= {"lastUpdateDateTime": tenant.text()}
    with Graph(tenant, modes=Modes(links=links)) as graph:
        assert not pulled(graph, workspace).missing
        check_complete(workspace, graph)


def test_a_link_to_another_host_is_not_followed(workspace: Workspace) -> None:
    """Nor to another scheme, port, user or path; the token goes nowhere else."""
    with Graph(Tenant(120), modes=Modes(links="elsewhere")) as graph:
        with pytest.raises(SourceError, match="never sent elsewhere"):
            pulled(graph, workspace)
        graph.modes.links = "circle"
        graph.modes.order = "ignored"
        assert "circle" in pulled(graph, workspace).missing["incidents"]
        graph.modes.order = "as asked"
        assert not pulled(graph, workspace).missing
        check_complete(workspace, graph)


@pytest.mark.parametrize(
    "link",
    [
        "http://graph.example/v1.0/x",
        "https://graph.example:444/v1.0/x",
        "https://graph.example@evil.example/v1.0/x",
        "https://a@graph.example/v1.0/x",
        "https://graph.example.evil.example/v1.0/x",
        "//evil.example/v1.0/x",
        "https://graph.example/other",
        "https://graph.example:port/v1.0/x",
        ["https://graph.example/v1.0/x"],
    ],
)
def test_links_that_lead_elsewhere(link: Any) -> None:
    """Whatever is written; one of our own host keeps its query as it is."""
    from watchfloor.sources.answers import Refused
    from watchfloor.sources.graph.client import Client
    from watchfloor.sources.graph.login import Login

    login = Login("https://l.example", "t", "c", ClientSecret("s"), Tls(), scope="x")
    with login, Client("https://graph.example", login, Tls()) as client:
        with pytest.raises(Refused, match="never sent elsewhere"):
            client.inside(link)
        assert client.inside("https://GRAPH.example:443/v1.0/x?$skiptoken=a%2Bb") == "/v1.0/x?$skiptoken=a%2Bb"


def test_incidents_with_too_many_alerts_cost_themselves_alone(workspace: Workspace) -> None:
    """A list that has them fails: the page shrinks, and they are asked for one by one; the others come as ever."""
    keys = sorted(Tenant(130).incidents)
    heavy, hopeless = (keys[40], keys[41], keys[90]), (keys[90],)
    with Graph(Tenant(130), modes=Modes(heavy=heavy, hopeless=hopeless)) as graph:
        ledger = pulled(graph, workspace)
        assert set(ledger.missing) == {f"alerts of incident {keys[90]}"}
        check_complete(workspace, graph, bare=hopeless)
        graph.modes.hopeless = ()
        assert not pulled(graph, workspace).missing
        check_complete(workspace, graph)


def test_a_second_run_brings_what_changed(workspace: Workspace) -> None:
    """One resolved, one new, one that retention deleted, which stays, and is marked."""
    with Graph(Tenant(90)) as graph:
        pulled(graph, workspace)
        tenant = graph.tenant
        keys = sorted(tenant.incidents)
        tenant.pass_time(hours=30)
        tenant.resolve(keys[:1])
        tenant.add(1)
        tenant.purge(keys[5:6])
        entry = pulled(graph, workspace).lists["incidents"]
        assert (entry.new, entry.changed, entry.closed, entry.gone) == (1, 1, 1, 1)
        check_complete(workspace, graph)
        alerts = {row["alert_id"]: row for row in rows(workspace.alerts())}
        assert len(alerts) == 91
        assert alerts[keys[0]]["disposition"] == "false_positive"
        changes = workspace.history("incident").collect()
        assert changes.filter(change="gone")["id"].to_list() == [keys[5]]
        assert changes.filter(id=keys[0])["change"].to_list() == ["new", "closed"]


def test_without_a_count_the_ids_are_compared(workspace: Workspace) -> None:
    """What is gone is found in any case."""
    with Graph(Tenant(70), modes=Modes(count=False)) as graph:
        pulled(graph, workspace)
        graph.tenant.purge(sorted(graph.tenant.incidents)[:2])
        assert pulled(graph, workspace).lists["incidents"].gone == 2
        check_complete(workspace, graph)


def test_only_what_changed_lately(workspace: Workspace) -> None:
    """`since` leaves old incidents out, and a later run without it brings them."""
    with Graph(Tenant(400)) as graph:
        scope = graph.tenant.text(graph.tenant.now - timedelta(days=1))
        wanted = {key for key, row in graph.tenant.incidents.items() if row["lastUpdateDateTime"] >= scope}
        assert 50 < len(wanted) < 350
        assert not pulled(graph, workspace, since_days=1).missing
        assert living(workspace, graph).keys() == wanted
        assert pulled(graph, workspace, since_days=1).lists["incidents"].stored == 0
        pulled(graph, workspace)
        check_complete(workspace, graph)


def test_a_token_that_ends_in_the_middle_is_renewed(workspace: Workspace) -> None:
    """Each is asked for once; one that is never accepted is an error."""
    with Graph(Tenant(230), modes=Modes(tokens_last=2)) as graph:
        assert not pulled(graph, workspace).missing
        assert {*graph.tokens.values()} <= {1, 2}
        check_complete(workspace, graph)
        graph.faults.append(Fault("401", "incidents", times=None))
        with pytest.raises(AccessDenied, match="401"):
            pulled(graph, workspace)


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        ({"secret": ClientSecret("wrong")}, AccessDenied, "AADSTS7000215: Invalid client secret"),
        ({"trust": Tls()}, NotReachable, "the certificate is not trusted"),
        ({"login_url": "https://no-such-host.invalid"}, NotReachable, "no such host"),
        ({"trust": Tls(fingerprint="ab" * 32)}, NotReachable, "not the certificate that was pinned"),
    ],
)
def test_where_nothing_can_be_had(
    workspace: Workspace, said: dict[str, Any], error: type[Exception], words: str
) -> None:
    """An error with a hint; the secret is not in it."""
    with Graph(Tenant(3)) as graph:
        with pytest.raises(error, match=words) as caught:
            pulled(graph, workspace, **said)
        assert getattr(caught.value, "hint", "")
        assert "Trace ID" not in str(caught.value)


def test_without_the_right_to_see_incidents_there_is_nothing(workspace: Workspace) -> None:
    """403 is an error that names the permission; a provider that did not answer is only missing."""
    with Graph(Tenant(3), modes=Modes(forbidden=True)) as graph:
        with pytest.raises(AccessDenied, match=r"SecurityIncident\.Read\.All") as caught:
            pulled(graph, workspace)
        assert "consent" in caught.value.hint
        graph.modes = Modes(warning='199 - "Vendor2/Provider 2/504/10000"')
        assert "Provider 2/504" in pulled(graph, workspace).missing["a provider"]
        check_complete(workspace, graph)


def test_the_secret_is_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nor the token: in no log at any level, no error, no page, no file, though Graph repeats them."""
    caplog.set_level(1)
    said: list[str] = []
    faults = [Fault("echo-token", "incidents", times=2), Fault("echo-token", "login", times=1)]

    def repeat(tenant: Tenant, page: int) -> None:
        if page == 1:
            tenant.change(sorted(tenant.incidents)[:1], displayName=f"rule with {next(iter(graph.tokens))}")

    with (
        Graph(Tenant(60), faults=faults, between=repeat) as graph,
        open_workspace(tmp_path / "w.db", create=True) as workspace,
    ):
        ledger = pulled(graph, workspace)
        said += [repr(ledger), str(ledger.rows()), str(workspace.history().collect().to_dicts())]
        assert "rule with [token]" in said[-1]
        said += [str(workspace.settings("graph")), repr(workspace)]
        said += [str(frame.collect().to_dicts()) for frame in workspace.tables().values()]
        graph.client_secret = "another"
        with pytest.raises(AccessDenied) as refused:
            pulled(graph, workspace)
        with pytest.raises(NotReachable) as away:
            pulled(graph, workspace, login_url="https://no-such-host.invalid")
        for error in (refused, away):
            # The test's own frames have it; those of the library do not.
            frames = [entry for entry in error.traceback if "tests" not in str(entry.path)]
            said += [repr(error.value), repr(getattr(error.value, "hint", ""))]
            said += [repr(value) for entry in frames for value in entry.frame.f_locals.values()]
        # The secret goes to the login host's path alone, and the token to Graph's alone.
        assert all((b"client_secret" in asked.body) == asked.path.endswith("/token") for asked in graph.requests)
        assert not [a for a in graph.requests if a.path.endswith("/token") and "Authorization" in a.headers]
        hidden = [*graph.tokens, CLIENT_SECRET, quote(CLIENT_SECRET, safe="")]
    said += [record.getMessage() + repr(record.args) for record in caplog.records]
    assert any("[client secret]" in text for text in said)
    assert any("[token]" in text for text in said)
    assert not [text for text in said for secret in hidden if secret in text]
    for file in tmp_path.iterdir():
        assert not [secret for secret in hidden if secret.encode() in file.read_bytes()], file
    with sqlite3.connect(tmp_path / "w.db") as stored:
        packed = [zlib.decompress(body) for (body,) in stored.execute("SELECT body FROM pages WHERE body IS NOT NULL")]
    stored.close()
    assert packed
    assert not [body for body in packed for secret in hidden if secret.encode() in body]


def test_the_mapped_fields_are_those_of_a_file(workspace: Workspace, tmp_path: Path) -> None:
    """One mapping: alerts and evidence are the same, whether the incidents were pulled or saved to a file and read."""
    tenant = Tenant(80)
    tenant.resolve(sorted(tenant.incidents)[:30], "truePositive")
    tenant.change(sorted(tenant.incidents)[70:72], status="redirected", redirectIncidentId="1003")
    with Graph(tenant) as graph:
        pulled(graph, workspace)
        file = tmp_path / "incidents.json"
        file.write_text(json.dumps({"value": list(tenant.incidents.values())}), encoding="utf-8")
        ours, theirs = workspace.tables(), read(file)
        for name in ("alerts", "evidence"):
            place = ["source", "record"]
            keys = ["alert_id", *(["field", "value"] if name == "evidence" else [])]
            left = ours[name].drop(place).sort(keys).collect()
            right = theirs[name].drop(place).sort(keys).collect()
            assert left.height
            assert left.equals(right), name


CHILD = """
import sys
from pathlib import Path
from watchfloor.sources.graph import pull
from watchfloor.sources.tls import Tls
from watchfloor.store import open_workspace

url, ca_file, place, tenant, client_id = sys.argv[1:]
with open_workspace(place, create=True) as workspace:
    print("ready", flush=True)
    trust = Tls(ca_file=Path(ca_file))
    ledger = pull(tenant, client_id, workspace, url=url, login_url=url, trust=trust, page_size=10)
    assert not ledger.missing, ledger.missing
"""


def run(graph: Graph, place: Path, *, kill_after: float | None) -> bool:
    """A pull in a process of its own; whether it came to its end before it was killed."""
    environment = {"WATCHFLOOR_GRAPH_CLIENT_SECRET": CLIENT_SECRET}
    args = (graph.url, graph.ca_file, place, TENANT, CLIENT_ID)
    return ended(CHILD, *args, environment=environment, kill_after=kill_after)


def test_a_pull_that_is_killed_goes_on(tmp_path: Path) -> None:
    """Four times, while incidents are resolved and come anew."""
    dice = random.Random(3)

    def move(tenant: Tenant, page: int) -> None:
        if page % 5 == 0 and page < 100:
            tenant.add(2)
            tenant.resolve(dice.sample(sorted(tenant.incidents), 3))

    with Graph(Tenant(500), between=move) as graph:
        for _ in range(4):
            run(graph, tmp_path / "w.db", kill_after=dice.uniform(0.0, 0.5))
            with open_workspace(tmp_path / "w.db", create=True) as workspace:
                check_history(workspace)
        graph.between = None
        assert run(graph, tmp_path / "w.db", kill_after=None)
        with open_workspace(tmp_path / "w.db") as workspace:
            check_complete(workspace, graph)
            assert not pulled(graph, workspace).lists["incidents"].stored


def test_times_of_seven_digits() -> None:
    """As numbers, and back; what is none is null."""
    assert ticks_of("1970-01-01T00:00:01.5Z") == 15_000_000
    assert ticks_of("2021-09-30T09:35:45.1133333Z") == 16_329_945_451_133_333
    assert text_of(16_329_945_451_133_333) == "2021-09-30T09:35:45.1133333Z"
    assert ticks_of("2021-09-30T11:35:45.1133333+02:00") == 16_329_945_451_133_333
    for none in ("0001-01-01T00:00:00Z", "yesterday", None, 5, "2021-13-30T09:35:45Z"):
        assert ticks_of(none) is None


def test_addresses() -> None:
    """National clouds have their own login hosts; a tenant is an id or a domain."""
    assert place(None, None, "Contoso.example") == (
        "https://graph.microsoft.com",
        "https://login.microsoftonline.com",
        "https://graph.microsoft.com/contoso.example",
    )
    assert place("graph.microsoft.us", None, "t")[1] == "https://login.microsoftonline.us"
    for tenant in ("", "a/b", "../x", "a b", "?x"):
        with pytest.raises(BadOption):
            place(None, None, tenant)
    with pytest.raises(BadOption, match="clear text"):
        place("http://graph.example", None, "t")
