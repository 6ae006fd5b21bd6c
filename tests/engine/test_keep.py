"""Rows that are needed more than once."""

from __future__ import annotations

import gc
import subprocess
import sys
from importlib import import_module
from pathlib import Path

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


def test_a_keeper_takes_over_what_others_kept() -> None:
    """In memory or on disk, the rows of each stand in the order of taking over."""
    schema = pl.Schema({"n": pl.Int64()})
    others = [Keeper(schema, memory_bytes=memory_bytes) for memory_bytes in (1 << 20, 0, 1 << 20, 0, 0)]
    for start, other in enumerate(others):
        other.add(pl.DataFrame({"n": [2 * start, 2 * start + 1]}))
    keeper = Keeper(schema)
    for other in others:
        keeper.take_over(other.lazy())
    keeper.add(pl.DataFrame({"n": [10]}))
    assert keeper.lazy().collect()["n"].to_list() == list(range(11))


def test_what_another_has_on_disk_is_not_written_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its parts are enough."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    schema = pl.Schema({"n": pl.Int64()})
    other, keeper = Keeper(schema, memory_bytes=0), Keeper(schema)
    other.add(pl.DataFrame({"n": [1]}))
    keeper.take_over(other.lazy())
    assert keeper.lazy().collect()["n"].to_list() == [1]
    assert len(list(tmp_path.rglob("*.parquet"))) == 1


def test_keepers_share_their_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Many that each hold little write parts when they hold much together, and give back what they held."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    module = import_module("watchfloor.engine.keep")  # the room's own `keep` is the function
    gc.collect()
    monkeypatch.setattr(module, "MEMORY_BYTES", 40_000)
    monkeypatch.setattr(module, "_WORTH_A_PART", 1_000)
    rows = pl.DataFrame({"n": range(1_000)})  # 8,000 bytes
    keepers = [Keeper(rows.schema) for _ in range(10)]
    for keeper in keepers:
        keeper.add(rows)
    assert 5 <= len(list(tmp_path.rglob("*.parquet"))) < 10
    assert all(keeper.lazy().collect().equals(rows) for keeper in keepers)
    del keepers, keeper
    gc.collect()
    before = len(list(tmp_path.rglob("*.parquet")))
    fresh = Keeper(rows.schema)
    fresh.add(rows)
    assert len(list(tmp_path.rglob("*.parquet"))) == before


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
    assert not list(Path(str(tmp_path)).iterdir())


_RARE = """
from pathlib import Path
import polars as pl
from watchfloor.engine import Keeper

keeper = Keeper(pl.Schema({"text": pl.String}))
for number in range(200):
    block = pl.select(text=pl.format("{}" + "x" * 4_000, pl.int_range(2_000) + number))
    keeper.add(block.filter(pl.int_range(pl.len()) == 7))
assert keeper.lazy().collect().height == 200
[peak] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
print(int(peak.split()[1]) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, a child's peak memory counts that of its parent")
def test_few_rows_do_not_hold_the_block_that_they_were_cut_from() -> None:
    """What a filter leaves shares the texts of all: a rare table would hold the whole file, here 1,600 MB."""
    done = subprocess.run([sys.executable, "-c", _RARE], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 400
