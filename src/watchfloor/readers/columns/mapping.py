"""The column map, loaded, and applied to a frame."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from watchfloor.errors import BadColumnMap
from watchfloor.schemas import Tables, as_lazy

if TYPE_CHECKING:
    from watchfloor.readers.columns.model import ColumnMap

__all__ = ["apply", "load"]


def load(given: str | Path | Mapping[str, Any] | ColumnMap) -> ColumnMap:
    """A column map from a TOML file, or from the same as a dict.

    Raises:
        BadColumnMap: no such file, no TOML, or a key, table or column that does not exist; the nearest is named.
        UnknownZone: a zone that does not exist.
    """
    import tomllib  # noqa: PLC0415 - most runs have no map and need not pay for the imports

    from watchfloor.readers.columns import model  # noqa: PLC0415 - as above, pydantic above all

    if isinstance(given, model.ColumnMap):
        return given
    if isinstance(given, Mapping):
        return model.parse(given, "column map")
    try:
        content = tomllib.loads(Path(given).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadColumnMap(f"{given}: {error.strerror or error}", hint="name a TOML file that holds the map") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadColumnMap(
            f"{given}: not TOML: {error}", hint='names with blanks or dots stand in quotes: rule = "Rule Name"'
        ) from error
    return model.parse(content, str(given))


def apply(
    frame: Any, mapping: str | Path | Mapping[str, Any] | ColumnMap, *, source: str, zone: str | None = None
) -> Tables:
    """The canonical table of a frame, its evidence where the map has some, and the rejects.

    A word that a closed vocabulary does not know (`status`, `disposition`) leaves the cell null and the record in
    place: a warning counts and names such words; `other` in the map gives them a meaning. A value that is no such
    number or time makes its record a reject.

    Arguments:
        frame: any frame; a lazy one stays lazy.
        mapping: the column map.
        source: what the rows call where they come from.
        zone: of clock times that carry none; it goes before the map's own zone.

    Raises:
        BadColumnMap: a map that does not fit the frame.
        AmbiguousTime: clock times without a zone.
    """
    from watchfloor.readers.columns.plan import RECORD, SAMPLE_ROWS, Plan  # noqa: PLC0415 - as in `load`

    lazy = as_lazy(frame)
    mapping = load(mapping)
    plan = Plan.of(mapping, dict(lazy.collect_schema()), source=source, zone=zone)
    numbered = plan.choose(lazy.with_row_index(RECORD, 1))
    plan.check(numbered.head(SAMPLE_ROWS))
    for note in plan.survey(numbered).notes():
        warnings.warn(f"{source}: {note}", stacklevel=2)
    tables = {mapping.table: plan.rows(numbered)}
    if mapping.evidence:
        tables["evidence"] = plan.evidence(numbered)
    tables.setdefault("rejects", plan.rejects(numbered))
    return tables
