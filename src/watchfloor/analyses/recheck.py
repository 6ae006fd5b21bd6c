"""Do exclusions in force still do their work? Expired, never matching, matching too much, hiding a case."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from watchfloor.analyses.clock import one_state_each
from watchfloor.analyses.tuning.exclusion import Condition, Exclusion, in_hours, in_network
from watchfloor.analyses.tuning.pictures import volumes
from watchfloor.analyses.tuning.proof import applied
from watchfloor.analyses.tuning.work import Work, work_of
from watchfloor.errors import BadOption
from watchfloor.result import Result
from watchfloor.schemas import ALERTS, EVIDENCE

__all__ = ["InForce", "load_exclusions", "recheck"]

_OPS = ("eq", "in", "in_network", "matches", "hours")
_CHANCE = 0.001
"""More matches than that likely are too many."""
_TWICE = 2.0
_WORST = ("hides a case", "expired", "matches too much", "never matches", "nothing yet", "in force")
_SCHEMA = {
    "name": pl.String,
    "status": pl.String,
    "rule": pl.String,
    "exclusion": pl.String,
    "owner": pl.String,
    "expires": pl.Date,
    "alerts": pl.Int64,
    "per_day": pl.Float64,
    "expected_per_day": pl.Float64,
    "cases_hidden_fully": pl.Int64,
    "cases_hidden_partly": pl.Int64,
    "advice": pl.String,
}


@dataclass(frozen=True)
class InForce:
    """An exclusion that somebody put into force."""

    exclusion: Exclusion
    name: str
    owner: str
    created: date
    expires: date
    per_day: float | None
    """Alerts a day that it was expected to match."""


def load_exclusions(path: str | Path) -> list[InForce]:
    """Exclusions of a file that `tune --artifacts` wrote, or a hand.

    Raises:
        BadOption: a file that is not there or no such file, with what is wrong where.
    """
    try:
        given = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadOption(f"{path}: {error.strerror}", hint="watchfloor tune --artifacts FOLDER writes one") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadOption(f"{path}: no TOML: {error}", hint="watchfloor tune --artifacts FOLDER writes one") from error
    if given.get("version") != 1:
        raise BadOption(
            f"{path}: version {given.get('version')!r} is not known", hint="this watchfloor reads version = 1"
        )
    listed = given.get("exclusion", [])
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise BadOption(f"{path}: exclusion is no list of tables", hint="each begins with [[exclusion]]")
    return [_in_force(path, number, one) for number, one in enumerate(listed, start=1)]


def _in_force(path: str | Path, number: int, given: Mapping[str, Any]) -> InForce:
    where = f"{path}: exclusion {number}"
    listed = given.get("conditions", [])
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise BadOption(f"{where}: conditions are no list of tables", hint="each begins with [[exclusion.conditions]]")
    if isinstance(given.get("per_day", 0), bool | str | list | dict):
        raise BadOption(f"{where}: per_day is no number", hint="alerts a day: per_day = 12.5")
    if not isinstance(given.get("rule", ""), str):
        raise BadOption(f"{where}: rule is no text", hint="the rule's name in quotes")
    try:
        conditions = tuple(_condition(where, one) for one in listed)
        found = InForce(
            exclusion=Exclusion(given["rule"], conditions),
            name=str(given.get("name", f"exclusion {number}")),
            owner=str(given.get("owner", "")),
            created=given["created"],
            expires=given["expires"],
            per_day=float(given["per_day"]) if "per_day" in given else None,
        )
    except KeyError as error:
        raise BadOption(f"{where} has no {error.args[0]}", hint="rule, created and expires are needed") from error
    if type(found.created) is not date or type(found.expires) is not date:
        raise BadOption(f"{where}: created and expires are dates", hint="created = 2026-11-24")
    return found


def _condition(where: str, given: Mapping[str, Any]) -> Condition:
    if missing := [name for name in ("field", "op", "value") if name not in given]:
        raise BadOption(f"{where}: a condition has no {missing[0]}", hint="field, op and value are needed")
    op, value = given["op"], given["value"]
    if op not in _OPS:
        raise BadOption(f"{where}: op {op!r} is not known", hint=f"one of {', '.join(_OPS)}")
    if isinstance(value, list) != (op == "in"):
        raise BadOption(
            f"{where}: {op} takes {'a list of texts' if op == 'in' else 'one text'}",
            hint='value = ["10.0.0.9", "10.0.0.10"] for in, value = "10.0.0.9" for the others',
        )
    if (op == "hours") != (given["field"] == "created_time"):
        raise BadOption(
            f"{where}: {op} on {given['field']}: hours are of created_time, and nothing else is",
            hint='field = "created_time", op = "hours", value = "Mon-Fri 22:00-06:00"',
        )
    condition = Condition(str(given["field"]), op, tuple(map(str, value)) if isinstance(value, list) else str(value))
    if op == "hours":
        in_hours(pl.col("time"), str(condition.value))
    if op == "in_network":
        in_network(pl.col("value"), str(condition.value))
    if op == "matches":
        try:
            pl.Series([""]).str.contains(str(condition.value))
        except pl.exceptions.ComputeError as error:
            raise BadOption(
                f"{where}: {condition.value!r} is no regex that runs in linear time",
                hint="svc_[a-z]+, without look-around",
            ) from error
    return condition


def recheck(
    alerts: pl.LazyFrame, evidence: pl.LazyFrame | None, exclusions: Sequence[InForce], *, today: date | None = None
) -> Result:
    """Do exclusions in force still do what they were made for?

    Arguments:
        alerts: as they were raised, before anything is hidden: what an exclusion keeps out of the data cannot be seen.
        evidence: what they were about.
        exclusions: in force.
        today: when exclusions expire; without it the day of the last alert.

    Raises:
        SchemaError: frames that are not these tables.
    """
    rows = one_state_each(ALERTS.conform(alerts))
    facts = EVIDENCE.conform(evidence) if evidence is not None else EVIDENCE.empty()
    work = work_of(rows, facts)
    last = work.alerts["time"].max()
    now = today or (last.date() if isinstance(last, datetime) else datetime.now(UTC).date())
    found = [(_row(work, one, now), one) for one in exclusions]
    found.sort(key=lambda pair: (_WORST.index(str(pair[0]["status"])), pair[1].expires, pair[1].name))
    return Result(
        title="Exclusions in force",
        name="recheck",
        table=pl.LazyFrame([row for row, _ in found], schema=_SCHEMA),
        first_columns=("status", "rule", "exclusion", "alerts", "expires", "advice"),
        explanation=f"Each exclusion on the alerts since it was made, as of {now}. It matches too much where it "
        f"matches more than {_TWICE:g} times what was expected, and more than chance explains (Poisson, "
        f"{_CHANCE:.1%}). A case is hidden where all alerts of one that was true or was escalated match. Alerts that "
        "the SIEM already keeps out are not in the data, and cannot be counted.",
        parts=volumes(work, [(one.exclusion, one.created) for _, one in found]),
    )


def _row(work: Work, one: InForce, now: date) -> dict[str, object]:
    made = datetime.combine(one.created, time(), UTC)
    since = work.after(made)
    [step] = applied(since, [one.exclusion])
    last = since.alerts["time"].max()
    days = max(1.0, (last - made) / timedelta(days=1)) if isinstance(last, datetime) else 0.0
    status, advice = _status(one, now, step.removed, days, step.hidden)
    return {
        "name": one.name,
        "status": status,
        "rule": one.exclusion.rule,
        "exclusion": str(one.exclusion),
        "owner": one.owner,
        "expires": one.expires,
        "alerts": step.removed,
        "per_day": step.removed / days if days else None,
        "expected_per_day": one.per_day,
        "cases_hidden_fully": step.hidden,
        "cases_hidden_partly": step.partly,
        "advice": advice,
    }


def _status(one: InForce, now: date, matched: int, days: float, hidden: int) -> tuple[str, str]:
    if hidden:
        return "hides a case", f"remove it today: it hides {hidden} cases that were true or escalated"
    if one.expires <= now:
        return "expired", "remove it, or renew it after a look at what it hides"
    if not days:
        return "nothing yet", "the data holds no alerts since it was made"
    if one.per_day is not None:
        expected = one.per_day * days
        if matched > _TWICE * expected and _tail(matched, expected) < _CHANCE:
            return "matches too much", "something new comes in under it: look at the alerts of the last days"
    if not matched:
        return "never matches", "remove it: its cause is gone, or it was never right"
    return "in force", "nothing to do before it expires"


def _tail(k: int, mean: float) -> float:
    """The chance of at least k where `mean` are expected (Poisson), by Chernoff's bound: never below the true one."""
    if mean <= 0:
        return 0.0 if k else 1.0
    return 1.0 if k <= mean else math.exp(k - mean - k * math.log(k / mean))
