"""A console that does not know a field that it is asked for: the list comes without it, and the ledger says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from consoles import bodies, check_complete, check_ledger, pulled, soc
from doubles.qradar import Double, Modes
from watchfloor.sources.answers import Refused
from watchfloor.sources.qradar.endpoints import LISTS
from watchfloor.sources.qradar.fields import Wanted
from watchfloor.store import Workspace, open_workspace

RULES, LOG_SOURCES = "/analytics/rules", "/config/event_sources/log_source_management/log_sources"
ADDRESSES = "/siem/source_addresses"
RULE = next(endpoint for endpoint in LISTS if endpoint.path == RULES)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """An empty workspace."""
    with open_workspace(tmp_path / "w.db", create=True) as opened:
        yield opened


@pytest.mark.parametrize("refusal", [422, 400])
def test_a_field_that_a_console_does_not_know(workspace: Workspace, refusal: int) -> None:
    """One, two, and of the addresses: everything else comes, with no change in the second run."""
    unknown = {
        RULES: ("linked_rule_identifier", "creation_date"),
        LOG_SOURCES: ("group_ids",),
        ADDRESSES: ("network",),
        "/siem/local_destination_addresses": ("domain_id",),
        "/siem/offenses": (),
    }
    with Double(soc(250), modes=Modes(unknown_fields=unknown, refusal=refusal)) as console:
        ledger = pulled(console, workspace)
        assert not ledger.missing
        check_ledger(ledger)
        check_complete(workspace, console)
        assert {
            "rules: asked without linked_rule_identifier, creation_date, which the console does not know",
            "log sources: asked without group_ids, which the console does not know",
            "source addresses: asked without network, which the console does not know",
            "local addresses: asked without domain_id, which the console does not know",
        } <= set(ledger.remarks)
        kept = bodies(workspace, console.url, "rule")
        assert len(kept) == len(console.soc.lists["rules"])
        assert all("name" in rule and "creation_date" not in rule for rule in kept.values())
        # A page of rules is refused twice, each page of addresses only once in a run.
        asked = [seen for seen in console.requests if seen.path == f"/api{ADDRESSES}"]
        assert sum("network" in seen.query for seen in asked) == 1
        again = pulled(console, workspace)
        assert sum(entry.stored for about, entry in again.lists.items() if about != "notes") == 0


def test_the_census_goes_on_without_a_time(workspace: Workspace) -> None:
    """Offenses themselves are asked for whole; only the look at which are gone names fields."""
    with Double(soc(150), modes=Modes(unknown_fields={"/siem/offenses": ("last_updated_time",)})) as console:
        pulled(console, workspace)
        console.soc.purge([3, 4])
        ledger = pulled(console, workspace)
        assert not ledger.missing
        assert ledger.lists["offenses"].gone == 2
        assert "offenses: asked without last_updated_time, which the console does not know" in ledger.remarks
        assert bodies(workspace, console.url).keys() == console.soc.offenses.keys()


def test_an_endpoint_that_takes_no_list_of_fields(workspace: Workspace) -> None:
    """Whole objects come; of them the same is kept as else, so that what changes all the time makes no history."""
    with Double(soc(60), modes=Modes(without_fields=(RULES, LOG_SOURCES, ADDRESSES))) as console:
        ledger = pulled(console, workspace)
        assert not ledger.missing
        assert any(
            said.startswith("rules: whole objects were asked for, since the console said 420")
            for said in ledger.remarks
        )
        assert not any("average_capacity" in rule for rule in bodies(workspace, console.url, "rule").values())
        for rule in console.soc.lists["rules"]:
            rule["average_capacity"] += 1
        again = pulled(console, workspace)
        assert again.lists["rules"].stored == 0


@pytest.mark.parametrize(
    ("said", "again", "asked_then"),
    [
        ('422 Specified field "id" is not recognized by this endpoint (code 30)', True, None),
        ("400 Unknown field: owner", True, "id,name,type,enabled,origin,identifier,linked_rule_identifier"),
        ("422 The fields cannot be used here", True, None),
        ("400 Bad request", False, "all"),
        ("422 Version (20.0) was removed", False, "all"),
        ("404 the field is gone", False, "all"),
    ],
)
def test_what_a_refusal_says(said: str, again: bool, asked_then: str | None) -> None:
    """Which field, fields in general, or something else, which asking again does not change."""
    wanted, params = Wanted(), dict(RULE.params)
    assert wanted.refused(RULE, params, Refused(said)) is again
    fields = wanted.asked(RULE, params).get("fields")
    if asked_then is None:
        assert fields is None
        assert not wanted.refused(RULE, params, Refused(said))
    elif asked_then == "all":
        assert fields == params["fields"]
    else:
        assert fields is not None
        assert fields.startswith(asked_then)
    assert not wanted.remarks
