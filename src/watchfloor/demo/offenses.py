"""Thirty days of QRadar offenses of two clients, as its API returns them, with closing reasons, domains and rules."""

from __future__ import annotations

import csv
import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources
from itertools import accumulate
from typing import Any

from watchfloor.demo import story
from watchfloor.demo.dice import Dice
from watchfloor.demo.names import ANALYSTS, AS_OF, AUTOMATION, CLIENTS, MONTH_START, PEOPLE, SCANNER, Client
from watchfloor.demo.truth import BulkTruth, FileTruth, Made, NoisyTruth, OffensesTruth, PlantedTruth, RuleTruth

__all__ = ["offenses"]

NON_ISSUE, FALSE_POSITIVE, DUPLICATE, TEST, ESCALATED, UNKNOWN_REASON = 1, 2, 53, 54, 55, 99
REASONS = {
    NON_ISSUE: ("non_issue", "Non-Issue", "benign_positive"),
    FALSE_POSITIVE: ("false_positive", "False-Positive, Tuned", "false_positive"),
    3: ("policy", "Policy Violation", "true_positive"),
    52: ("handled", "True Positive - Handled", "true_positive"),
    DUPLICATE: ("duplicate", "Duplicate", "duplicate"),
    TEST: ("test", "Authorised Test", "test"),
    ESCALATED: ("escalated", "Escalated - Incident", "true_positive"),
    56: ("undetermined", "Undetermined", "undetermined"),
}
"""Closing reasons of this installation by id: column of the rules' file, text, and what it means."""
DELETED_REASON = {"id": 51, "text": "Old Reason, Not in Use", "is_deleted": True, "is_reserved": False}

OFFENSE_TYPES = {"source_ip": 0, "destination_ip": 1, "username": 3, "hostname": 7}
LOG_SOURCES = {
    "firewall": (41, "Edge Firewall", 206, "Border Gateway Firewall"),
    "directory": (42, "Domain Controller Security Log", 12, "Microsoft Windows Security Event Log"),
    "endpoint": (43, "Endpoint Protection", 311, "Endpoint Protection Console"),
    "mail": (44, "Mail Gateway", 288, "Mail Security Gateway"),
    "vpn": (45, "VPN Concentrator", 207, "Remote Access Gateway"),
    "web": (46, "Web Gateway", 209, "Web Proxy"),
    "dns": (47, "Name Server", 219, "DNS Server Log"),
    "console": (48, "SIM Audit-2 :: console", 105, "SIM Audit"),
}
"""Log sources: id, name, type id, type name; the second client's have ids 100 higher."""


@dataclass(frozen=True)
class Kind:
    """One rule, as `files/offense_rules.csv` describes it: how often it fires, on what, and what comes of it."""

    id: int
    name: str
    offenses: int
    """In 30 days."""
    source: str
    """What its offenses are about: an offense type."""
    category: str
    log_source: str
    severity: int
    hours: float
    """Median from creation to closing."""
    trend: float
    """Rate on the last day over that on the first."""
    second_client: float
    """Share of the second client."""
    outcomes: tuple[int, ...]
    """Parts of a hundred that are closed with each of the REASONS."""


def _kinds() -> tuple[Kind, ...]:
    text = resources.files("watchfloor.demo").joinpath("files/offense_rules.csv").read_text(encoding="utf-8")
    return tuple(
        Kind(
            id=100_400 + number,
            name=row["rule"],
            offenses=int(row["offenses"]),
            source=row["source"],
            category=row["category"],
            log_source=row["log_source"],
            severity=int(row["severity"]),
            hours=float(row["hours"]),
            trend=float(row["trend"]),
            second_client=float(row["second_client"]),
            outcomes=tuple(int(row[column]) for column, _, _ in REASONS.values()),
        )
        for number, row in enumerate(csv.DictReader(text.splitlines()))
    )


KINDS = _kinds()
NOISY, PRECISE = "Port Scan Inside the Network", "Credential Dumping Tool Found"
SCANNER_OFFENSES = 308
"""Of the noisy rule, with the vulnerability scanner as their source."""


@dataclass(frozen=True)
class Planted:
    """Offenses of one rule about one account or address, beside the ordinary ones."""

    rule: str
    source: str
    offenses: int
    days: range
    """Of the month, the first is 0."""
    hours: range
    """UTC."""
    is_noise: bool
    """Else a trap for those who tune: it looks like noise."""
    why: str
    incident: bool = False
    """Whether one of them, in the middle, was escalated."""


PLANTED = (
    Planted(
        *("Multiple Login Failures for the Same User", "svc_inventory", 96, range(30), range(1, 5), True),
        "a service account whose password was changed everywhere but in the inventory's nightly job",
    ),
    Planted(
        *("Remote Administration Tool Seen", "TR-IT-002", 84, range(30), range(7, 17), True),
        "the machine of the help desk, whose tool it is",
    ),
    Planted(
        *("DNS Query to an Unapproved Resolver", "10.20.7.15", 72, range(30), range(24), False),
        "a noisy address behind which one true incident stands",
        incident=True,
    ),
    Planted(
        *("Multiple Login Failures for the Same User", story.ACCOUNT.split("@", maxsplit=1)[0], 44, range(13, 15)),
        *(range(24), False),
        "a user who is never noisy but in two days: somebody guesses the password of the account that falls later",
    ),
)
"""What `tune` should exclude, besides the scanner, and what it must not."""

_WEEKDAYS = (1.0, 1.1, 1.0, 1.05, 0.95, 0.4, 0.35)
_OFFICE = tuple([0.2] * 6 + [0.6, 1.2, 2.2, 2.6, 2.4, 2.0, 1.6, 2.2, 2.4, 2.2, 1.8, 1.2, 0.8] + [0.4] * 5)
"""How busy each hour of a day is, UTC."""


@dataclass
class Case:
    """One offense while it is made."""

    kind: Kind
    client: Client
    created: datetime
    source: str
    reason: int | None = None
    closed: datetime | None = None
    user: str | None = None
    assigned: str | None = None
    hidden: bool = False
    follow_up: bool = False
    story: bool = False
    id: int = 0


def offenses(dice: Dice, scale: float) -> tuple[OffensesTruth, dict[str, Made]]:
    """The exports and their truth; `scale` is about how many ordinary offenses there are."""
    cases = [*_ordinary(dice.room("ordinary"), scale), *_of_scanner(dice.room("scanner"), scale), *_of_story()]
    for planted in PLANTED:
        cases += _planted(dice.room(f"planted {planted.source}"), planted, scale)
    cases.sort(key=lambda case: (case.created, case.kind.name, case.source))
    for number, case in enumerate(cases):
        case.id = 41_207 + number
    _unresolved(cases)
    rows = [_offense(dice.room(f"offense {case.id}"), case) for case in reversed(cases)]
    made = {
        "qradar/offenses.json": _json(rows, "qradar"),
        "qradar/closing_reasons.json": _json(
            [{"id": i, "text": text, "is_deleted": False, "is_reserved": i <= 3} for i, (_, text, _) in REASONS.items()]
            + [DELETED_REASON]
        ),
        "qradar/domains.json": _json(_domains()),
        "qradar/rules.json": _json(_rules()),
    }
    return _truth(cases), made


def _ordinary(dice: Dice, scale: float) -> Iterator[Case]:
    days = (AS_OF - MONTH_START).days
    for kind in KINDS:
        step = (kind.trend - 1) / (days - 1)
        weekdays = [_WEEKDAYS[(MONTH_START + timedelta(days=day)).weekday()] for day in range(days)]
        rates = list(accumulate(weekday * (1 + step * day) for day, weekday in enumerate(weekdays)))
        count = max(3, round(kind.offenses * scale))
        for number in range(count):
            # One in each n-th of the month's work: all where there is a trend, half of them where not, so that
            # a trend is in the data, not only in its making, and no chance makes another.
            even = kind.trend != 1 or number % 2
            share = (number + dice.unit()) / count if even else dice.unit()
            day = bisect_right(rates, share * rates[-1])
            created = MONTH_START + timedelta(
                days=day, hours=dice.weighted(range(24), _OFFICE), seconds=dice.whole(0, 3599)
            )
            client = CLIENTS[dice.chance(kind.second_client)]
            case = Case(kind, client, created, _source(dice, kind, client))
            _work(dice, case)
            yield case


def _source(dice: Dice, kind: Kind, client: Client) -> str:
    """What the offense is about: QRadar's offense source."""
    if kind.source == "username":
        people = PEOPLE[CLIENTS.index(client) :: len(CLIENTS)]
        return dice.weighted(people, range(8, 8 + len(people)))
    if kind.source == "hostname":
        return f"{client.short}-WS-{dice.whole(1, 60):03}"
    if kind.source == "destination_ip":
        return f"198.51.100.{dice.whole(2, 250)}"
    return f"{client.net}.{dice.pick((4, 5, 6))}.{dice.whole(2, 250)}"


def _work(dice: Dice, case: Case) -> None:
    """What the SOC does with an offense; in the last days it does not keep up."""
    late = (AS_OF - case.created).days < 4
    hours = dice.spread(case.kind.hours * (5 if late else 1), 1.1)
    closed = _cut(case.created + timedelta(seconds=60 + int(hours * 3600)))
    reason = dice.weighted(list(REASONS), case.kind.outcomes)
    analyst = dice.weighted(ANALYSTS, (5, 4, 4, 2, 1))
    case.assigned = analyst if dice.chance(0.85) else None
    case.hidden = dice.chance(0.004)
    if closed >= AS_OF or case.hidden or dice.chance(0.01):
        case.follow_up = reason == ESCALATED
        case.assigned = case.assigned if dice.chance(0.5) or case.follow_up else None
        return
    case.reason, case.closed, case.user = reason, closed, analyst
    case.follow_up = reason == ESCALATED and dice.chance(0.7)
    if reason in (NON_ISSUE, DUPLICATE) and dice.chance(0.12):
        case.user = AUTOMATION


def _of_scanner(dice: Dice, scale: float) -> Iterator[Case]:
    """The vulnerability scanner's nights: many offenses of one rule, closed by the robot at five in the morning."""
    kind = next(kind for kind in KINDS if kind.name == NOISY)
    days = (AS_OF - MONTH_START).days
    weights = [2.0 if (MONTH_START + timedelta(days=day)).weekday() in (1, 3) else 0.6 for day in range(days)]
    for _ in range(max(20, round(SCANNER_OFFENSES * scale))):
        day = dice.weighted(range(days), weights)
        created = MONTH_START + timedelta(days=day, hours=1, seconds=dice.whole(0, 3 * 3600))
        case = Case(kind, CLIENTS[0], created, SCANNER)
        morning = MONTH_START + timedelta(days=day, hours=5, seconds=7)
        if morning < AS_OF - timedelta(days=2):  # the robot's token ran out two days before the export
            case.reason = dice.weighted((FALSE_POSITIVE, NON_ISSUE, TEST), (70, 22, 8))
            case.closed, case.user, case.assigned = morning, AUTOMATION, None
        yield case


def _planted(dice: Dice, planted: Planted, scale: float) -> Iterator[Case]:
    """All closed as nothing, but the incident."""
    kind = next(kind for kind in KINDS if kind.name == planted.rule)
    count = max(30, round(planted.offenses * scale))
    for number in range(count):
        day = planted.days[number * len(planted.days) // count]
        created = MONTH_START + timedelta(days=day, hours=dice.pick(planted.hours), seconds=dice.whole(0, 3599))
        case = Case(kind, CLIENTS[0], created, planted.source, assigned=dice.pick(ANALYSTS[:3]))
        closed = _cut(created + timedelta(seconds=600 + int(dice.spread(2.0, 0.8) * 3600)))
        if closed < AS_OF:
            case.reason = dice.weighted((FALSE_POSITIVE, NON_ISSUE), (75, 25))
            case.closed, case.user = closed, case.assigned
        if planted.incident and number == count // 2:
            case.reason, case.follow_up = ESCALATED, True
        yield case


def _of_story() -> Iterator[Case]:
    """What the SIEM saw of the intrusion."""
    kinds = {kind.name: kind for kind in KINDS}
    night = datetime(2025, 10, 26, tzinfo=UTC)
    account, client = story.ACCOUNT.split("@")[0], CLIENTS[0]
    for name, minutes, source, hours in (
        ("Phishing Link Clicked", -15, account, 33.0),
        ("VPN Logon From a New Country", 22, account, 32.5),
        ("Large Upload to a Cloud Store", 134, story.WEB.ip, 31.0),
        ("Web Shell Behaviour on a Server", 79, story.WEB.ip, None),
        (PRECISE, 2_017, story.WORKSTATION.name, None),
        (PRECISE, 2_044, "TR-FS-01", None),
        ("Beaconing to a Newly Seen Domain", 1_533, story.WORKSTATION.ip, None),
    ):
        case = Case(
            kinds[name], client, night + timedelta(minutes=minutes, seconds=11), source, story=True, follow_up=True
        )
        case.assigned = ANALYSTS[0]
        if hours is not None:
            case.reason, case.user = ESCALATED, ANALYSTS[0]
            case.closed = case.created + timedelta(hours=hours)
        yield case


def _unresolved(cases: list[Case]) -> None:
    """One closed offense has a reason that the list does not hold: somebody deleted it for good."""
    case = next(c for c in cases[len(cases) // 3 :] if c.reason == NON_ISSUE and c.user != AUTOMATION)
    case.reason = UNKNOWN_REASON


def _cut(time: datetime) -> datetime:
    """QRadar keeps whole seconds of what it stores."""
    return time.replace(microsecond=0)


def _offense(dice: Dice, case: Case) -> dict[str, Any]:
    """The offense as API 20.0 returns it."""
    kind, client = case.kind, case.client
    created = case.created
    start = created - timedelta(milliseconds=dice.whole(-400, 90_000))
    if story_or_scanner := (case.story or case.source == SCANNER):
        start = created - timedelta(milliseconds=dice.whole(200, 20_000))
    last_event = start + timedelta(milliseconds=dice.whole(0, 3_600_000))
    last_event = min(last_event, case.closed or AS_OF)
    changed = min(AS_OF, (case.closed or last_event) + timedelta(seconds=dice.whole(1, 60)))
    events = dice.whole(1_500, 40_000) if case.source == SCANNER else int(dice.spread(14, 1.4)) + 1
    number, source_name, type_id, type_name = LOG_SOURCES[kind.log_source]
    number += 100 * CLIENTS.index(client)
    local = case.source.startswith("10.")
    return {
        "id": case.id,
        "description": _description(dice, kind, story_or_scanner),
        "assigned_to": case.assigned,
        "categories": [kind.category],
        "category_count": 1,
        "policy_category_count": int(kind.log_source == "siem"),
        "security_category_count": int(kind.log_source != "siem"),
        "close_time": _ms(case.closed),
        "closing_user": case.user,
        "closing_reason_id": case.reason,
        "credibility": dice.whole(2, 4),
        "relevance": 0 if case.closed else dice.whole(0, 6),
        "severity": kind.severity,
        "magnitude": max(1, kind.severity - dice.whole(0, 3) - 2 * bool(case.closed)),
        "destination_networks": ["other"],
        "source_network": f"Net-10.{client.net[3:]}" if local else "other",
        "device_count": 1,
        "event_count": events,
        "flow_count": 0,
        "inactive": bool(case.closed) or last_event < AS_OF - timedelta(days=5),
        "last_updated_time": _ms(last_event),
        "local_destination_count": int(local),
        "offense_source": case.source,
        "offense_type": OFFENSE_TYPES[kind.source],
        "protected": case.story,
        "follow_up": case.follow_up,
        "remote_destination_count": int(not local),
        "source_count": 1,
        "start_time": _ms(start),
        "status": "CLOSED" if case.closed else "HIDDEN" if case.hidden else "OPEN",
        "username_count": int(kind.source == "username"),
        "source_address_ids": [int(dice.unit() * 4_000) + 1],
        "local_destination_address_ids": [int(dice.unit() * 900) + 1] if local else [],
        "domain_id": client.domain_id,
        "rules": [{"id": kind.id, "type": "CRE_RULE"}],
        "log_sources": [
            {"id": number, "name": f"{source_name} @ {client.dns}", "type_id": type_id, "type_name": type_name},
            {"id": 63, "name": "Custom Rule Engine-8 :: console", "type_id": 18, "type_name": "EventCRE"},
        ],
        "first_persisted_time": _ms(_cut(created)),
        "last_persisted_time": _ms(_cut(changed)),
    }


def _description(dice: Dice, kind: Kind, plain: bool) -> str:
    """The rule's name, with the segments that QRadar appends to some."""
    if plain or dice.chance(0.8):
        return f"{kind.name}\n"
    return f"{kind.name}\n" + dice.pick((f" containing {kind.category}\n", " preceded by Session Opened\n"))


def _ms(time: datetime | None) -> int | None:
    if time is None:
        return None
    since = time - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(milliseconds=1)


def _domains() -> list[dict[str, Any]]:
    """Domains as /config/domain_management/domains returns them: the default one has an empty name."""
    domains = [(0, "", "", 0)] + [(c.domain_id, c.name, c.dns, c.tenant_id) for c in CLIENTS]
    return [
        {"id": id, "name": name, "description": dns, "tenant_id": tenant, "deleted": False, "log_source_ids": []}
        for id, name, dns, tenant in domains
    ]


def _rules() -> list[dict[str, Any]]:
    """Rules as /analytics/rules returns them."""
    made = _ms(datetime(2024, 3, 4, 9, 30, tzinfo=UTC)) or 0
    return [
        {
            "id": kind.id,
            "name": kind.name,
            "type": "EVENT",
            "enabled": True,
            "owner": "admin",
            "origin": "USER",
            "base_capacity": 0,
            "base_host_id": 0,
            "average_capacity": 0,
            "capacity_timestamp": 0,
            "identifier": f"0a1f5c3e-{kind.id:06d}-demo",
            "linked_rule_identifier": None,
            "creation_date": made,
            "modification_date": made + 86_400_000 * number,
        }
        for number, kind in enumerate(KINDS)
    ]


def _json(rows: list[dict[str, Any]], format: str = "") -> Made:
    """A list with one object a line."""
    text = "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n"
    return Made(text.encode(), FileTruth(format, text.count("\n"), len(rows), None, AS_OF))


def _truth(cases: list[Case]) -> OffensesTruth:
    by_rule = {kind.name: [case for case in cases if case.kind is kind] for kind in KINDS}
    of_scanner = [case for case in cases if case.source == SCANNER]
    bulk = [case for case in cases if case.user == AUTOMATION]
    times = Counter(case.closed for case in bulk if case.closed)
    return OffensesTruth(
        offenses=len(cases),
        as_of=AS_OF,
        rules={name: _rule(of) for name, of in by_rule.items()},
        clients=_count(case.client.name for case in cases),
        statuses=_count(map(_status, cases)),
        closing_reasons=_count(_reason(case) for case in cases if case.closed),
        verdicts=_count(_verdict(case) for case in cases if case.closed),
        closed_by=_count(case.user for case in cases if case.user),
        per_day=_count(f"{case.created:%Y-%m-%d}" for case in sorted(cases, key=lambda c: c.created)),
        escalated_ids=tuple(case.id for case in cases if _escalated(case)),
        open_ids=tuple(case.id for case in cases if _status(case) == "OPEN"),
        unresolved={case.id: UNKNOWN_REASON for case in cases if case.reason == UNKNOWN_REASON},
        noisy=NoisyTruth(NOISY, SCANNER, len(of_scanner), len(by_rule[NOISY])),
        precise_rule=PRECISE,
        bulk=BulkTruth(AUTOMATION, len(bulk), tuple(sorted(time for time, n in times.items() if n >= 3))),
        story_ids=tuple(case.id for case in cases if case.story),
        noise=tuple(_planted_truth(cases, planted) for planted in PLANTED if planted.is_noise),
        traps=tuple(_planted_truth(cases, planted) for planted in PLANTED if not planted.is_noise),
    )


def _planted_truth(cases: list[Case], planted: Planted) -> PlantedTruth:
    """All offenses of the rule about that source, those of chance among them."""
    of = [case for case in cases if case.kind.name == planted.rule and case.source == planted.source]
    return PlantedTruth(planted.rule, planted.source, tuple(case.id for case in of), planted.why)


def _rule(cases: list[Case]) -> RuleTruth:
    kind = cases[0].kind
    return RuleTruth(
        rule_id=kind.id,
        offenses=len(cases),
        statuses=_count(map(_status, cases)),
        closing_reasons=_count(_reason(case) for case in cases if case.closed),
        verdicts=_count(_verdict(case) for case in cases if case.closed),
        escalated=sum(map(_escalated, cases)),
        clients=_count(case.client.name for case in cases),
        trend="rising" if kind.trend > 1 else "falling" if kind.trend < 1 else "steady",
    )


def _count(values: Iterable[str]) -> dict[str, int]:
    return dict(Counter(values))


def _status(case: Case) -> str:
    return "CLOSED" if case.closed else "HIDDEN" if case.hidden else "OPEN"


def _reason(case: Case) -> str:
    return REASONS[case.reason][1] if case.reason in REASONS else f"unknown ({case.reason})"


def _verdict(case: Case) -> str:
    return REASONS[case.reason][2] if case.reason in REASONS else "undetermined"


def _escalated(case: Case) -> bool:
    return case.follow_up or case.reason == ESCALATED
