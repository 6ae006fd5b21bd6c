"""The canonical tables: one name, one meaning; a frame that does not fit is told so at once."""

from __future__ import annotations

import polars as pl
import pytest

from helpers import rows, table
from watchfloor.errors import SchemaError
from watchfloor.schemas import ALERTS, EVIDENCE, FINDINGS, REJECTS, TABLES, TIME, Column, as_lazy


def test_a_column_name_means_one_thing_in_every_table() -> None:
    """Type, meaning and counterparts are equal wherever a name occurs."""
    seen: dict[str, Column] = {}
    for kind in TABLES.values():
        for column in kind.columns:
            assert seen.setdefault(column.name, column) == column


@pytest.mark.parametrize("name", TABLES)
def test_rows_say_where_they_came_from(name: str) -> None:
    """Every table names its source, and all but the ledger the record."""
    columns = TABLES[name].schema.names()
    assert columns[0] == "source"
    assert name == "ledger" or columns[1] == "record"


@pytest.mark.parametrize("name", TABLES)
def test_instants_are_utc_and_named_so(name: str) -> None:
    """A time column is `Datetime("us", "UTC")`, and nothing else is."""
    for column in TABLES[name].columns:
        is_instant = column.name in ("time", "time_latest") or column.name.endswith("_time")
        assert (column.dtype == TIME) == is_instant, column.name


def test_fill_adds_what_is_missing_as_null_and_drops_strangers() -> None:
    """The table comes out in its own order; a constant wins over a column."""
    frame = pl.DataFrame({"value": ["x"], "stranger": [1], "field": ["user"], "alert_id": ["7"]})
    assert rows(EVIDENCE.fill(frame, alert_id="9")) == [
        {"source": None, "record": None, "alert_id": "9", "field": "user", "value": "x"}
    ]


def test_fill_refuses_a_constant_that_no_column_takes() -> None:
    """A misspelt constant is an error, not a lost value."""
    with pytest.raises(SchemaError, match="evidence has no column felid") as error:
        EVIDENCE.fill(EVIDENCE.empty(), felid="user")
    assert "field" in error.value.hint


def test_conform_names_all_that_is_wrong_at_once() -> None:
    """Missing and wrong-typed columns come in one message, with the likely renames as the hint."""
    frame = REJECTS.empty().rename({"text": "txet"}).with_columns(lines=pl.lit("one"))
    with pytest.raises(SchemaError) as error:
        REJECTS.conform(frame)
    assert str(error.value) == "not a rejects table: missing: text. of another type: lines is String, not Int64"
    assert error.value.hint == "rename, or pass a column map: text = txet"


def test_conform_gives_exactly_the_columns_of_the_table() -> None:
    """More columns than the table has do no harm, their order neither."""
    frame = table(ALERTS, alert_id=["1"]).select(pl.all().reverse()).with_columns(more=1)
    assert ALERTS.conform(frame).collect_schema() == ALERTS.schema


def test_any_arrow_table_is_a_frame() -> None:
    """What speaks the Arrow PyCapsule interface comes in; a list does not."""

    class Foreign:
        """A frame of another library."""

        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return pl.DataFrame({"host": ["a"]}).__arrow_c_stream__(requested_schema)

    assert rows(as_lazy(Foreign())) == [{"host": "a"}]
    with pytest.raises(SchemaError, match="list is no table"):
        as_lazy([1, 2])


def test_an_empty_table_conforms() -> None:
    """Nothing read is a table without rows."""
    assert FINDINGS.conform(FINDINGS.empty()).collect().height == 0
