"""What is changed of a score: names and values as a user writes them, and what would need the logs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import polars as pl

from watchfloor.analyses.rita.config import RitaConfig, Thresholds, config_of
from watchfloor.errors import BadOption
from watchfloor.hints import nearest
from watchfloor.result import Result

__all__ = ["Changed", "checked", "config_then", "needs_logs", "number_of", "rita_with"]


@dataclass(frozen=True)
class Changed:
    """An answer before and after."""

    table: pl.DataFrame
    """The rows of the answer in their order, with `score_before, score, listed_before, listed`, and
    `severity_before, severity` where there are any."""
    list_is: str
    """Which rows are in the list, in words."""
    notes: tuple[str, ...] = ()
    parts: tuple[Result, ...] = ()


def checked(changes: Mapping[str, Any], known: Iterable[str], by_logs: Mapping[str, str], question: str) -> None:
    """Raises BadOption for what is not known, and for what cannot be computed from an answer."""
    names = list(known)
    for key in changes:
        if key in by_logs:
            raise needs_logs(key, by_logs[key], question)
        if key not in names:
            raise BadOption(
                f"what if {key}: {question} has nothing of that name",
                hint=f"{nearest(key, (*names, *by_logs))}without the logs: {', '.join(names)}",
            )


def needs_logs(key: str, why: str, question: str) -> BadOption:
    """The error for what stored columns do not allow."""
    command = question.replace("_", "-")
    return BadOption(
        f"what if {key}: that needs the logs: {why}",
        hint=f"ask again: watchfloor {command} PATH..., with the new value",
    )


def number_of(key: str, value: Any, least: float, most: float) -> float:
    """A number within limits.

    Raises:
        BadOption: anything else.
    """
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = float("nan")
    if isinstance(value, bool) or not least <= found <= most:
        raise BadOption(f"what if {key} = {value}: that means nothing", hint=f"a number from {least:g} to {most:g}")
    return found


def config_then(result: Result) -> RitaConfig:
    """RITA's parameters with which an answer was made."""
    said = result.provenance.parameters.get("config", "code")
    if isinstance(said, Mapping):
        known = {field.name for field in fields(RitaConfig)}
        return RitaConfig(**{key: _again(value) for key, value in said.items() if key in known})
    return config_of(said)


def _again(value: Any) -> Any:
    """A value of a configuration as JSON has it."""
    if isinstance(value, Mapping):
        return Thresholds(**value)
    return tuple(value) if isinstance(value, list) else value


def rita_with(config: RitaConfig, changes: Mapping[str, Any]) -> RitaConfig:
    """The parameters with the changes.

    Raises:
        BadOption: a value that RITA refuses.
    """
    values = {field.name: getattr(config, field.name) for field in fields(RitaConfig)}
    return RitaConfig(**(values | {key: _typed(key, values[key], value) for key, value in changes.items()}))


def _typed(key: str, old: Any, value: Any) -> Any:
    if isinstance(old, Thresholds):
        if isinstance(value, Thresholds):
            return value
        limits = value.split(",") if isinstance(value, str) else value
        if not isinstance(limits, list | tuple) or len(limits) != 4:
            raise BadOption(f"what if {key} = {value}: four thresholds are needed", hint=f"{key}=50,75,90,100")
        return Thresholds(*(number_of(key, limit, 0, 1e12) for limit in limits))
    if isinstance(old, str):
        return str(value)
    found = number_of(key, value, -1e15, 1e15)
    if isinstance(old, int):
        if found != int(found):
            raise BadOption(f"what if {key} = {value}: a whole number is needed", hint=f"it was {old}")
        return int(found)
    return found
