"""Objects as records: last states with their details, ids that began again, every state that was seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from helpers import rows, table
from watchfloor.schemas import ALERTS, EVIDENCE, REJECTS
from watchfloor.store import open_workspace
from watchfloor.store.changes import Item
from watchfloor.store.records import Records, loads, seen
from watchfloor.store.workspace import Page


def item(key: str, body: str, born: int = 1) -> Item:
    return Item(key, body, born_ms=born)


def test_an_id_that_began_again_has_its_number(tmp_path: Path) -> None:
    """The living object keeps its id; numbers go on after those of other kinds; details come with the id."""
    with open_workspace(tmp_path / "w.db", create=True) as workspace:
        run = workspace.begin("s", "x", made_by="a test", settings={})
        run.save(Page("thing", "", b"", [item("1", '{"a":1}'), item("2", '{"a":2}')]))
        run.save(Page("thing", "", b"", [item("1", '{"a":9}', born=2)]))
        run.save(Page("more", "", b"", [item("2", '{"b":5}')]))
        records = Records(workspace, "s", "thing", details="more", before=10)
        found: list[Any] = list(records)
        assert sorted(map(str, found)) == ["{'a': 1}", "{'a': 2, 'b': 5}", "{'a': 9}"]
        assert records.count == 3
        numbers = {one["a"]: 11 + place for place, one in enumerate(found)}
        said = {"alert_id": ["1", "1", "2"], "record": [numbers[1], numbers[9], numbers[2]]}
        named = records.named(
            {
                "alerts": table(ALERTS, **said),
                "evidence": table(EVIDENCE, **said),
                "rejects": table(REJECTS),
            }
        )
        for name in ("alerts", "evidence"):
            assert [row["alert_id"] for row in rows(named[name])] == ["1 (1)", "1", "2"]
        assert [(key, body) for key, _, body in seen(workspace, "s", "thing")] == [("1", '{"a":1}'), ("2", '{"a":2}')]


def test_json_with_lone_surrogates() -> None:
    """What the quick reader refuses, the other takes."""
    assert loads('["\\ud800"]') == ["\ud800"]
