"""Rows that are needed more than once."""

from __future__ import annotations

import subprocess
import sys

import polars as pl
import pytest

from watchfloor.engine import Keeper, keep


@pytest.mark.parametrize("memory_bytes", [0, 100, 1 << 20])
def test_rows_come_back_in_the_order_of_adding(memory_bytes: int) -> None:
    """In memory or in parts on disk, nothing is lost and nothing changes its place."""
    keeper = Keeper(pl.Schema({"n": pl.Int64()}), memory_bytes=memory_bytes)
    for start in range(0, 1000, 100):
        keeper.add(pl.DataFrame({"n": range(start, start + 100)}))
    assert keeper.rows == 1000
    assert keeper.lazy().collect().to_series().to_list() == list(range(1000))
    assert keeper.lazy().collect().to_series().to_list() == list(range(1000))


def test_nothing_added_is_a_table_without_rows() -> None:
    """The schema is there all the same."""
    schema = pl.Schema({"n": pl.Int64()})
    assert Keeper(schema).lazy().collect_schema() == schema
    assert keep(pl.LazyFrame(schema=schema)).collect().height == 0


def test_a_lazy_frame_is_computed_once() -> None:
    """Looking twice at what is kept does not compute it again."""
    runs: list[int] = []

    def seen(frame: pl.DataFrame) -> pl.DataFrame:
        runs.append(frame.height)
        return frame

    kept = keep(pl.LazyFrame({"n": [3, 1, 2]}).map_batches(seen))
    assert kept.collect()["n"].to_list() == kept.collect()["n"].to_list() == [3, 1, 2]
    assert runs == [3]


def test_parts_on_disk_go_when_the_process_ends(tmp_path: object) -> None:
    """No folder is left behind."""
    code = (
        "import polars as pl, tempfile, sys\n"
        f"tempfile.tempdir = {str(tmp_path)!r}\n"
        "from watchfloor.engine import Keeper\n"
        "keeper = Keeper(pl.Schema({'n': pl.Int64()}), memory_bytes=0)\n"
        "keeper.add(pl.DataFrame({'n': [1]}))\n"
        "import pathlib\n"
        f"assert list(pathlib.Path({str(tmp_path)!r}).rglob('*.parquet'))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    from pathlib import Path

    assert not list(Path(str(tmp_path)).iterdir())
