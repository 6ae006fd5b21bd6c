"""QRadar offenses become alerts and evidence; ids get names where names are given, and stay visible where not."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from helpers import rows
from watchfloor.demo.make import make
from watchfloor.errors import UnreadableFile
from watchfloor.readers import Options, read_files
from watchfloor.readers.intake import files
from watchfloor.readers.qradar import READER
from watchfloor.schemas import ALERTS

START = 1_759_492_800_250  # 2025-10-03T12:00:00.250Z
OFFENSE: dict[str, Any] = {
    "id": 41,
    "description": "Odd Logins From Afar\n preceded by Session Opened\n containing Login Failed\n",
    "assigned_to": "ann",
    "categories": ["Login Failed", "Session Opened"],
    "category_count": 2,
    "close_time": None,
    "closing_user": None,
    "closing_reason_id": None,
    "magnitude": 6,
    "severity": 7,
    "source_network": "Net-10",
    "destination_networks": ["other"],
    "event_count": 12,
    "follow_up": False,
    "last_updated_time": START + 60_000,
    "offense_source": "10.1.2.3",
    "offense_type": 0,
    "start_time": START,
    "status": "OPEN",
    "domain_id": 3,
    "rules": [{"id": 9, "type": "BUILDING_BLOCK_RULE"}, {"id": 7, "type": "CRE_RULE"}],
    "log_sources": [{"id": 1, "name": "Firewall @ edge", "type_id": 5, "type_name": "x"}],
    "first_persisted_time": START - 250,
    "last_persisted_time": START + 120_000,
    "of_a_later_version": {"is": ["passed over"]},
}
REASONS = [
    {"id": 1, "text": "Non-Issue", "is_deleted": False, "is_reserved": False},
    {"id": 2, "text": "False-Positive, Tuned", "is_deleted": False, "is_reserved": False},
    {"id": 60, "text": "ESCALATED to the customer", "is_deleted": True, "is_reserved": False},
]


def offense(**changes: Any) -> dict[str, Any]:
    """An offense with other values."""
    return OFFENSE | changes


def closed(reason: int | None, **changes: Any) -> dict[str, Any]:
    """An offense that was closed an hour later."""
    times = {"close_time": START + 3_600_000, "last_persisted_time": START + 3_600_000}
    return offense(status="CLOSED", closing_reason_id=reason, closing_user="bob", **times | changes)


def write(folder: Path, **contents: Any) -> Path:
    """JSON files of these names."""
    for name, content in contents.items():
        (folder / f"{name}.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def read(path: Path, **options: Any) -> dict[str, pl.DataFrame]:
    """The tables of a file or folder; its records add up."""
    tables = {name: frame.collect() for name, frame in read_files([path], options=Options(**options)).items()}
    for row in tables["ledger"].to_dicts():
        assert row["lines"] == sum(row[f"lines_{part}"] for part in ("read", "continued", "rejected", "skipped")), row
    assert tables["ledger"]["lines_rejected"].sum() == tables["rejects"]["lines"].sum()
    assert tables["alerts"].schema == ALERTS.schema
    return tables


def one(folder: Path, record: Mapping[str, Any], **names: Any) -> dict[str, Any]:
    """The alert of one offense, with names beside it."""
    alerts = read(write(folder, offenses=[record], **names))["alerts"]
    return alerts.row(0, named=True)


def test_an_offense_is_an_alert(tmp_path: Path) -> None:
    """Every field that has a column; nobody has decided yet."""
    path = write(tmp_path, offenses=[OFFENSE]) / "offenses.json"
    assert rows(read(path)["alerts"]) == [
        {
            "source": str(path), "record": 1, "alert_id": "41", "case_id": None, "client": None, "system": "qradar",
            "rule": "Odd Logins From Afar",
            "title": "Odd Logins From Afar preceded by Session Opened containing Login Failed",
            "severity": 60.0, "status": "open", "disposition": None, "closing_reason": None, "escalated": None,
            "assignee": "ann", "closed_by": None, "event_count": 12,
            "first_event_time": datetime(2025, 10, 3, 12, 0, 0, 250_000, tzinfo=UTC),
            "last_event_time": datetime(2025, 10, 3, 12, 1, 0, 250_000, tzinfo=UTC),
            "created_time": datetime(2025, 10, 3, 12, 0, tzinfo=UTC),
            "assigned_time": None, "acknowledged_time": None, "triaged_time": None, "escalated_time": None,
            "contained_time": None, "closed_time": None,
            "updated_time": datetime(2025, 10, 3, 12, 2, 0, 250_000, tzinfo=UTC), "time_basis": None,
        }
    ]  # fmt: skip


def test_what_an_offense_was_about_is_evidence(tmp_path: Path) -> None:
    """Its source by type, categories, log sources, networks, rules before building blocks."""
    facts = read(write(tmp_path, offenses=[OFFENSE]))["evidence"]
    assert facts["alert_id"].unique().to_list() == ["41"]
    assert sorted(facts.select("field", "value").rows()) == [
        ("category", "Login Failed"),
        ("category", "Session Opened"),
        ("destination_network", "other"),
        ("log_source", "Firewall @ edge"),
        ("rule_id", "7"),
        ("rule_id", "9"),
        ("source_network", "Net-10"),
        ("src_ip", "10.1.2.3"),
    ]


@pytest.mark.parametrize(
    ("number", "field"),
    [(0, "src_ip"), (1, "dst_ip"), (3, "user"), (2, "offense_source"), (None, "offense_source"), (4001, "host")],
)
def test_the_source_is_named_by_its_type(tmp_path: Path, number: int | None, field: str) -> None:
    """Types of one's own by the list of offense types."""
    types = [{"id": 4001, "name": "Host Name (custom)", "property_name": "hostName", "custom": True}]
    facts = read(write(tmp_path, offenses=[offense(offense_type=number)], offense_types=types))["evidence"]
    assert facts.filter(pl.col("value") == "10.1.2.3")["field"].to_list() == [field]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps([OFFENSE, offense(id=42)]),
        json.dumps([OFFENSE, offense(id=42)], indent=2),
        json.dumps(OFFENSE) + "\n" + json.dumps(offense(id=42)) + "\n",
        json.dumps({"offenses": [OFFENSE, offense(id=42)], "count": 2}),
        json.dumps(OFFENSE, indent=1) + json.dumps(offense(id=42), indent=1),
    ],
)
def test_layouts(tmp_path: Path, content: str) -> None:
    """A list, lines, a list in an object, objects in a row; gzip, and UTF-16 as PowerShell writes it."""
    for name, raw in (
        ("x.json", content.encode()),
        ("x.json.gz", gzip.compress(content.encode())),
        ("utf16.json", content.encode("utf-16")),
    ):
        (tmp_path / name).write_bytes(raw)
        assert READER.accepts(files.head(tmp_path / name))
        assert read(tmp_path / name)["alerts"]["alert_id"].to_list() == ["41", "42"]


def test_a_single_offense(tmp_path: Path) -> None:
    """As GET /siem/offenses/41 returns it."""
    (tmp_path / "x.json").write_text(json.dumps(OFFENSE))
    assert read(tmp_path / "x.json")["alerts"]["alert_id"].to_list() == ["41"]


def test_keys_that_are_null_may_be_missing(tmp_path: Path) -> None:
    """Some intermediaries drop them; API 12.0 has no persisted times: then the start is when it was made."""
    bare = {"id": 5, "start_time": START, "status": "OPEN", "magnitude": 3, "offense_source": "x", "description": None}
    alert = one(tmp_path, bare)
    assert alert["created_time"] == alert["first_event_time"] == datetime(2025, 10, 3, 12, 0, 0, 250_000, tzinfo=UTC)
    assert {name for name, value in alert.items() if value is not None} == {
        "source", "record", "alert_id", "system", "severity", "status", "first_event_time", "created_time",
    }  # fmt: skip
    explicit = dict.fromkeys(OFFENSE) | bare
    assert one(tmp_path, explicit) == alert


# Closing reasons


def test_closing_reasons_from_a_file_beside_the_offenses(tmp_path: Path) -> None:
    """Deleted ones too; an id without a text stays visible; what a reason says is its disposition."""
    offenses = [closed(1, id=1), closed(2, id=2), closed(60, id=3), closed(54, id=4), closed(None, id=5), offense(id=6)]
    alerts = read(write(tmp_path, offenses=offenses, closing_reasons=REASONS))["alerts"]
    assert alerts.select("closing_reason", "disposition", "escalated", "status", "closed_by").rows() == [
        ("Non-Issue", "benign_positive", False, "closed", "bob"),
        ("False-Positive, Tuned", "false_positive", False, "closed", "bob"),
        ("ESCALATED to the customer", "undetermined", True, "closed", "bob"),
        ("unknown (54)", "undetermined", False, "closed", "bob"),
        (None, None, False, "closed", "bob"),
        (None, None, None, "open", None),
    ]


def test_without_closing_reasons_every_id_is_unknown(tmp_path: Path) -> None:
    """Ids mean something else on every console: none is taken from a table of ours."""
    assert one(tmp_path, closed(1))["closing_reason"] == "unknown (1)"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("r.json", json.dumps(REASONS)),
        ("r.jsonl", "\n".join(map(json.dumps, REASONS))),
        ("r.csv", 'id,text\n1,Non-Issue\n2,"False-Positive, Tuned"\n'),
        ("r.csv", '\ufeffid,text\r\n1,Non-Issue\r\n2,"False-Positive, Tuned"\r\n'),
    ],
)
def test_closing_reasons_that_the_user_names(tmp_path: Path, name: str, content: str) -> None:
    """A list, lines, or CSV."""
    (tmp_path / name).write_text(content, newline="")
    write(tmp_path, offenses=[closed(2)])
    alerts = read(tmp_path / "offenses.json", closing_reasons=tmp_path / name)["alerts"]
    assert alerts["closing_reason"].to_list() == ["False-Positive, Tuned"]


def test_closing_reasons_that_are_none(tmp_path: Path) -> None:
    """The error says how to export them."""
    write(tmp_path, offenses=[closed(2)], other=[{"name": "x"}])
    with pytest.raises(UnreadableFile, match="no closing reasons") as error:
        read(tmp_path / "offenses.json", closing_reasons=tmp_path / "other.json")
    assert "offense_closing_reasons" in error.value.hint


def test_a_list_of_reasons_may_say_what_they_mean(tmp_path: Path) -> None:
    """A key `disposition` goes before our defaults; a word that is none is passed over."""
    reasons = [
        {"id": 1, "text": "Non-Issue", "disposition": "false_positive"},
        {"id": 2, "text": "Duplicate", "disposition": "?"},
    ]
    alerts = read(write(tmp_path, offenses=[closed(1, id=1), closed(2, id=2)], closing_reasons=reasons))["alerts"]
    assert alerts["disposition"].to_list() == ["false_positive", "duplicate"]


@pytest.mark.parametrize(
    ("record", "escalated"),
    [
        (offense(), None),
        (offense(follow_up=True), True),
        (closed(1), False),
        (closed(1, follow_up=True), True),
        (closed(60), True),
        (closed(60, follow_up=None), True),
    ],
)
def test_escalated_where_it_is_marked_or_closed_as_such(
    tmp_path: Path, record: dict[str, Any], escalated: bool | None
) -> None:
    """QRadar has no field for it."""
    assert one(tmp_path, record, closing_reasons=REASONS)["escalated"] is escalated


# Rules, clients


@pytest.mark.parametrize(
    ("description", "rule"),
    [
        ("Odd Logins\n", "Odd Logins"),
        ("Odd Logins\n containing Login Failed\n", "Odd Logins"),
        ("Odd Logins\n preceded by Other\n containing X\n", "Odd Logins"),
        ("Odd Logins preceded by Other containing X", "Odd Logins"),
        ("Odd Logins containing X", "Odd Logins"),
        ("Mail containing malware\n containing Mail.Virus\n", "Mail containing malware"),
        ("  Two   blanks \r\n", "Two blanks"),
        ("\n\n", None),
        ("", None),
        (None, None),
    ],
)
def test_the_rule_is_the_first_segment_of_the_description(
    tmp_path: Path, description: str | None, rule: str | None
) -> None:
    """QRadar writes each further segment on its own line; where lines were joined, its words tell."""
    assert one(tmp_path, offense(description=description))["rule"] == rule


def test_rules_by_name_where_they_were_exported(tmp_path: Path) -> None:
    """A rule goes before building blocks; an unknown id leaves the description."""
    rules = [{"id": 7, "name": "Logins: odd"}, {"id": 9, "name": "BB: logins"}]
    assert one(tmp_path, OFFENSE, rules=rules)["rule"] == "Logins: odd"
    assert one(tmp_path, offense(rules=[{"id": 8, "type": "CRE_RULE"}]), rules=rules)["rule"] == "Odd Logins From Afar"


@pytest.mark.parametrize(
    ("domain", "client"), [(3, "Bakery"), (4, "Group"), (0, None), (99, "unknown (99)"), (None, None)]
)
def test_clients_by_domain_and_tenant(tmp_path: Path, domain: int | None, client: str | None) -> None:
    """The tenant of a domain, else its name; the default domain has none; one that is not listed stays visible."""
    domains = [
        {"id": 0, "name": "", "tenant_id": 0, "deleted": False},
        {"id": 3, "name": "Bakery", "tenant_id": 0, "deleted": False},
        {"id": 4, "name": "Mill", "tenant_id": 2, "deleted": True},
    ]
    tenants = [{"id": 2, "name": "Group", "event_rate_limit": 0, "flow_rate_limit": 0}]
    assert one(tmp_path, offense(domain_id=domain), domains=domains, tenants=tenants)["client"] == client


def test_names_are_no_rows(tmp_path: Path) -> None:
    """Their files are in the ledger, all records skipped, with what they were."""
    ledger = read(write(tmp_path, offenses=[OFFENSE], closing_reasons=REASONS))["ledger"]
    assert rows(ledger.select("lines", "lines_read", "lines_skipped", "notes")) == [
        {"lines": 1, "lines_read": 1, "lines_skipped": 0, "notes": None},
        {"lines": 3, "lines_read": 0, "lines_skipped": 3, "notes": "names of closing reasons"},
    ]


# What is broken


def test_broken_offenses_are_rejects(tmp_path: Path) -> None:
    """Each says what is wrong; the others are read."""
    broken: list[Any] = [
        OFFENSE,
        {name: value for name, value in OFFENSE.items() if name != "id"},
        offense(id=2, status="ODD"),
        offense(id=3, start_time="yesterday"),
        offense(id=4, magnitude="high"),
        offense(id=5, rules=[1]),
        offense(id=6, categories="x"),
        offense(id=7, follow_up="x"),
        "text",
        offense(id="43", start_time=float(START)),
    ]
    tables = read(write(tmp_path, offenses=broken))
    assert tables["alerts"].select("record", "alert_id").rows() == [(1, "41"), (10, "43")]
    assert tables["rejects"].select("record", "reason").rows() == [
        (2, "an offense without an id"),
        (3, "the status 'ODD' is none of OPEN, HIDDEN, CLOSED"),
        (4, "start_time is no whole number: 'yesterday'"),
        (5, "magnitude is no number: 'high'"),
        (6, "rules is no list of objects: '[1]'"),
        (7, "categories is no list: 'x'"),
        (8, "follow_up is neither true nor false: 'x'"),
        (9, "no JSON object"),
    ]
    assert json.loads(tables["rejects"]["text"][1])["id"] == 2


def test_broken_lines_are_rejects(tmp_path: Path) -> None:
    """Records are lines; blank ones are skipped."""
    (tmp_path / "x.jsonl").write_bytes(
        json.dumps(OFFENSE).encode() + b"\n\n{broken\n" + b'{"id": "\xff"}\n' + json.dumps(offense(id=42)).encode()
    )
    tables = read(tmp_path / "x.jsonl")
    assert tables["alerts"].select("record", "alert_id").rows() == [(1, "41"), (5, "42")]
    assert tables["rejects"]["record"].to_list() == [3, 4]
    assert tables["ledger"]["lines_skipped"].to_list() == [1]


def test_a_cut_list_gives_what_is_whole(tmp_path: Path) -> None:
    """And says that it is partial."""
    (tmp_path / "x.json").write_text(json.dumps([OFFENSE, offense(id=42), offense(id=43)])[:-40])
    tables = read(tmp_path / "x.json")
    assert tables["alerts"]["alert_id"].to_list() == ["41", "42"]
    assert "breaks off after record 2" in tables["ledger"]["partial"][0]
    assert tables["rejects"]["record"].to_list() == [3]


def test_an_error_that_the_api_appends_to_its_list(tmp_path: Path) -> None:
    """IBM's IV98260: 200, some offenses, then a whole error object and no closing bracket."""
    error = {"http_response": {"code": 500, "message": "oops"}, "code": 13, "message": "went wrong"}
    (tmp_path / "x.json").write_text(json.dumps([OFFENSE, error])[:-1])
    tables = read(tmp_path / "x.json")
    assert tables["alerts"]["alert_id"].to_list() == ["41"]
    assert tables["rejects"]["reason"].to_list() == ["an error of the API in place of an offense: went wrong"]
    assert "error within the list" in tables["ledger"]["partial"][0]


def test_pages_that_overlap_give_each_offense_once(tmp_path: Path) -> None:
    """In its last state, whichever file has it; after a Hard Clean an id is another offense."""
    pages = {
        "page1": [OFFENSE, offense(id=42)],
        "page2": [offense(id=42), closed(1), offense(start_time=START + 10**9)],
    }
    tables = read(write(tmp_path, **pages))
    assert tables["alerts"].select(
        pl.col("source").str.extract(r"(page\d)\.json$"), "record", "alert_id", "status"
    ).rows() == [
        ("page2", 1, "42", "open"),
        ("page2", 2, "41", "closed"),
        ("page2", 3, "41", "open"),
    ]
    assert tables["ledger"]["lines_skipped"].sum() == 2
    assert "earlier states or copies" in " ".join(filter(None, tables["ledger"]["notes"]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (repr([OFFENSE]), "how Python prints offenses"),
        (json.dumps([{"OffenseSource": "x", "ClosingReasonId": 1, "Magnitude": 3}]), "CamelCase"),
        (json.dumps([{"offenseSource": "x", "closingReasonId": 1}]), "CamelCase"),
        (json.dumps(REASONS), "closing reasons, but no offenses"),
    ],
)
def test_what_is_not_as_the_api_returns_it(tmp_path: Path, text: str, message: str) -> None:
    """It is known for what it is, and refused with a hint."""
    (tmp_path / "x.json").write_text(text)
    assert READER.accepts(files.head(tmp_path / "x.json"))
    with pytest.raises(UnreadableFile, match=message) as error:
        read_files([tmp_path / "x.json"])
    assert error.value.hint


def test_a_refused_file_among_good_ones_is_a_reject(tmp_path: Path) -> None:
    """The others keep their closing reasons."""
    folder = write(tmp_path, offenses=[closed(1)], dump=repr([OFFENSE]), reasons=REASONS)
    tables = read_files([folder])
    assert tables["alerts"].collect()["closing_reason"].to_list() == ["Non-Issue"]
    assert "Python" in tables["rejects"].collect()["reason"][0]


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{}", "[Sun Dec 04 04:47:44] error"),
        '[{"id": 1, "name": "x"}]',
        '{"event_type": "alert", "src_ip": "x"}',
        '[{"severity": 1, "magnitude": 2}]',
    ],
)
def test_other_files_are_not_accepted(tmp_path: Path, text: str) -> None:
    """Objects with an id and a name could be anything."""
    (tmp_path / "x.json").write_text(text)
    assert not READER.accepts(files.head(tmp_path / "x.json"))


def test_the_demos_offenses_have_their_truth(tmp_path: Path) -> None:
    """Counts by client, rule, closing reason, disposition and user; who was escalated; what stayed unresolved."""
    truth = make(tmp_path, scale=0.1).offenses
    alerts = read(tmp_path / "qradar")["alerts"]

    def counts(column: str) -> dict[str, int]:
        return dict(alerts[column].drop_nulls().value_counts().iter_rows())

    assert alerts.height == truth.offenses
    assert counts("client") == truth.clients
    assert counts("rule") == {name: rule.offenses for name, rule in truth.rules.items()}
    assert counts("closing_reason") == truth.closing_reasons
    assert counts("disposition") == truth.verdicts
    assert counts("closed_by") == truth.closed_by
    assert sorted(map(int, alerts.filter("escalated")["alert_id"])) == sorted(truth.escalated_ids)
    unresolved = alerts.filter(pl.col("closing_reason").str.starts_with("unknown"))
    assert {int(row["alert_id"]): row["closing_reason"] for row in unresolved.to_dicts()} == {
        number: f"unknown ({reason})" for number, reason in truth.unresolved.items()
    }


def test_the_engine_itself_is_no_evidence(tmp_path: Path) -> None:
    """QRadar's Custom Rule Engine is a log source of nearly every offense; a name alone does not make it one."""
    sources = [
        {"id": 63, "name": "Custom Rule Engine-8 :: console", "type_id": 18, "type_name": "EventCRE"},
        {"id": 64, "name": "Custom Rule Engine of our own", "type_id": 5, "type_name": "x"},
        {"id": 65, "name": "Proxy @ edge"},
    ]
    path = tmp_path / "offenses.json"
    path.write_text(json.dumps([offense(log_sources=sources)]))
    found = read(path)["evidence"].filter(pl.col("field") == "log_source")
    assert found["value"].to_list() == ["Custom Rule Engine of our own", "Proxy @ edge"]
