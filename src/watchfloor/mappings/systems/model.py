"""An alert system's mapping as its TOML file holds it: what its records are known by, and what they say."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from watchfloor.errors import BadMapping
from watchfloor.mappings.systems.paths import has
from watchfloor.schemas import ALERTS, VOCABULARIES
from watchfloor.times import Unit

__all__ = ["Origin", "System", "Typed", "parse_system", "system_named", "systems"]


def _listed(given: Any) -> Any:
    """One text, or a list of them."""
    return (given,) if isinstance(given, str) else given


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Origin(_Strict):
    """Where the value of one column comes from; of several origins of a column the first that says anything counts."""

    names: tuple[str, ...] = Field(alias="from", min_length=1)
    """Paths in the record; of several the first that says anything. A path goes through lists."""
    each: str | None = None
    """A list of objects in the record: `from` and `when` are of each of them."""
    when: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Only where each of these paths has one of these words, in any case; `*` is any, `#` a whole number."""
    pick: str = Field(default="first", pattern="^(first|last)$")
    """Of several times the earliest or the latest."""
    join: str | None = None
    """Put all that is said at all the paths together with this between, instead of taking the first."""
    values: dict[str, str | float] = Field(default_factory=dict)
    """Their word = ours, in any case."""
    other: str | float | None = None
    """Ours for every word that `values` does not know; without, such a word is counted in a note and says nothing."""
    null: tuple[str, ...] = ()
    """Words that mean nothing, in any case."""
    after: str | None = None
    """Only what follows the last of these, in any case: `/` in the id of a resource; nothing where there is none."""
    before: str | None = None
    """Of that, only what stands before the first of these."""
    scale: float = 1.0
    """Of numbers: times this; of severities a number outside 0 to 100 is then cut to that."""
    unit: Unit | None = None
    """Of times that are numbers since 1970; without, their size tells."""
    utc: bool = False
    """Of clock times: the API's are UTC."""
    plus: tuple[str, ...] = ()
    """Of times: so much later as the number at this path says; a 0 says that it has not been."""
    plus_unit: Unit = "s"
    basis: str | None = None
    """Of times that the system itself does not keep: what shows them, for `time_basis`."""

    _texts = field_validator("names", "null", "plus", mode="before")(_listed)

    @field_validator("null", mode="after")
    @classmethod
    def _in_any_case(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(word.lower() for word in given)

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        """`title = "name"` is short for `title = { from = "name" }`."""
        return {"from": given} if isinstance(given, str) else given

    @field_validator("when", mode="before")
    @classmethod
    def _words(cls, given: Any) -> Any:
        return {path: _listed(words) for path, words in given.items()} if isinstance(given, Mapping) else given

    @field_validator("values", mode="after")
    @classmethod
    def _lower(cls, given: dict[str, str | float]) -> dict[str, str | float]:
        return {theirs.lower(): ours for theirs, ours in given.items()}


class Typed(_Strict):
    """Evidence in a list of objects that each say of what kind they are."""

    each: str
    """The list."""
    kind: str
    """Path of the kind in each."""
    value: tuple[str, ...] = ()
    """Paths of the value, for kinds that are named by a text."""
    kinds: dict[str, str | dict[str, tuple[str, ...]]]
    """Kind = the field of EVIDENCE, or fields of it with their own paths."""
    other: str | None = None
    """The field of every other kind; without, they are left out."""

    _texts = field_validator("value", mode="before")(_listed)

    @field_validator("kinds", mode="before")
    @classmethod
    def _fields(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        return {
            kind.lower(): {name: _listed(paths) for name, paths in fields.items()}
            if isinstance(fields, Mapping)
            else fields
            for kind, fields in given.items()
        }


class System(_Strict):
    """One kind of record of one alert system."""

    name: str = Field(pattern="^[a-z0-9_]+$")
    """Of the mapping."""
    about: str
    """What its records are, in words."""
    api: str
    """Which request gives them."""
    signs: tuple[tuple[str, ...], ...]
    """Paths that a record has, or `path=text`: all of one of these groups."""
    inside: tuple[str, ...] = ()
    """Objects in which the record stands: what is around them counts where they do not say it themselves."""
    events: bool = False
    """Whether a record is an event of a log too."""
    columns: dict[str, Annotated[tuple[Origin, ...], Field(min_length=1)]]
    """Column of ALERTS = where it comes from."""
    constants: dict[str, str | float | bool] = Field(default_factory=dict)
    """Column of ALERTS = what every alert has there."""
    evidence: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Field of EVIDENCE = paths: everything that is there."""
    typed: tuple[Typed, ...] = ()

    @field_validator("signs", mode="before")
    @classmethod
    def _groups(cls, given: Any) -> Any:
        return (given,) if isinstance(given, list | tuple) and given and isinstance(given[0], str) else given

    @field_validator("columns", mode="before")
    @classmethod
    def _origins(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        return {name: one if isinstance(one, list | tuple) else (one,) for name, one in given.items()}

    @field_validator("evidence", mode="before")
    @classmethod
    def _paths(cls, given: Any) -> Any:
        return {name: _listed(paths) for name, paths in given.items()} if isinstance(given, Mapping) else given

    _inside = field_validator("inside", mode="before")(_listed)

    @model_validator(mode="after")
    def _fits(self) -> System:
        known = set(ALERTS.schema) - {"source", "record", "time_basis"}
        if unknown := (self.columns.keys() | self.constants.keys()) - known:
            raise ValueError(f"ALERTS has no column {', '.join(sorted(unknown))}")
        if "alert_id" not in self.columns:
            raise ValueError("no alert_id: a record without one is no alert")
        for name, words in VOCABULARIES.items():
            said = {self.constants[name]} if name in self.constants else set()
            for origin in self.columns.get(name, ()):
                said |= {*origin.values.values()} | ({origin.other} if origin.other is not None else set())
            if wrong := said - {*words}:
                raise ValueError(f"{name} knows no {', '.join(map(str, sorted(wrong, key=str)))}")
        return self

    def record_of(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        """The record without what stands around it."""
        for name in self.inside:
            if isinstance(inner := found.get(name), dict):
                return {**{key: value for key, value in found.items() if key != name}, **inner}
        return found

    def fits(self, found: Mapping[str, Any]) -> bool:
        """Whether an object is a record of this system."""
        record = self.record_of(found)
        return any(all(has(record, sign) for sign in group) for group in self.signs)


def parse_system(text: str, origin: str) -> System:
    """The mapping that a TOML file holds.

    Raises:
        BadMapping: no TOML, or not as a mapping is written.
    """
    try:
        return System.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadMapping(f"{origin}: no TOML: {error}", hint="docs/alerts.md says how a mapping is written") from error
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or 'mapping'}: {one['msg'].removeprefix('Value error, ')}"
            for one in error.errors()
        )
        raise BadMapping(f"{origin}: {wrong}", hint="docs/alerts.md says how a mapping is written") from error


@cache
def systems() -> tuple[System, ...]:
    """The shipped mappings, by name."""
    folder = resources.files(__package__).joinpath("shipped")
    files = sorted((one for one in folder.iterdir() if one.name.endswith(".toml")), key=lambda one: one.name)
    return tuple(parse_system(one.read_text("utf-8"), one.name) for one in files)


def system_named(name: str) -> System:
    """The shipped mapping of this name.

    Raises:
        BadMapping: there is none.
    """
    for system in systems():
        if system.name == name:
            return system
    raise BadMapping(
        f"there is no mapping {name!r}", hint=f"mappings: {', '.join(system.name for system in systems())}"
    )
