"""What tests of pulls share: a quick patience, a pull into a workspace, and what a complete workspace is."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from doubles.qradar import TOKEN, Double, Soc
from watchfloor.sources.qradar import Ledger, Patience, Tls, Token, pull
from watchfloor.store import Workspace
from watchfloor.store.layout import history, objects, pages

QUICK = Patience(
    connect=5, read=1.0, one_try=2.0, all_tries=60, attempts=10, first_wait=0.01, longest_wait=0.05, jitter=0.0
)
"""Failures in a test take no time."""


def pulled(console: Double, workspace: Workspace, **said: Any) -> Ledger:
    """A pull from the double, as a user would, but quick."""
    said = {"trust": Tls(ca_file=console.ca_file), "token": Token(TOKEN), "patience": QUICK, "notes": 3} | said
    return pull(console.url, workspace, **said)


def bodies(workspace: Workspace, source: str, kind: str = "offense") -> dict[int, dict[str, Any]]:
    """The living objects by id."""
    found = [(key, gone, body) for key, _, gone, body in workspace.bodies(source, kind)]
    return {int(key): json.loads(body) for key, gone, body in found if gone is None}


def check_complete(workspace: Workspace, console: Double, *, but: Iterable[int] = ()) -> None:
    """Every offense of the console is there as it is, and no other is living."""
    left_out = set(but)
    wanted = {number: row for number, row in console.soc.offenses.items() if number not in left_out}
    assert bodies(workspace, console.url) == wanted
    check_history(workspace)


def check_history(workspace: Workspace) -> None:
    """Versions 1, 2, 3, .. of each object without a gap; the last ones are those that objects point to; no state is
    written twice in a row; every row names a page that is there."""
    place = (history.c.source, history.c.kind, history.c.key, history.c.generation)
    with workspace.reading() as connection:
        rows = connection.execute(
            sa.select(*place, sa.func.min(history.c.version), sa.func.max(history.c.version), sa.func.count()).group_by(
                *place
            )
        ).all()
        assert all((row[4], row[5]) == (1, row[6]) for row in rows)
        last = {tuple(row[:4]): row[5] for row in rows}
        now = connection.execute(
            sa.select(objects.c.source, objects.c.kind, objects.c.key, objects.c.generation, objects.c.version)
        ).all()
        assert {tuple(row[:4]): row[4] for row in now} == last
        states = connection.execute(sa.select(*place, history.c.sha256).order_by(*place, history.c.version)).all()
        assert not [one for one, two in pairwise(states) if one == two and one[4] is not None]
        orphans = sa.select(history.c.page_id).where(history.c.page_id.is_not(None))
        assert {*connection.scalars(orphans)} <= {*connection.scalars(sa.select(pages.c.page_id))}


def check_ledger(ledger: Ledger) -> None:
    """Every row that came is accounted for."""
    for row in ledger.rows():
        assert row["received"] == row["stored"] + row["unchanged"] + row["doubled"] + row["rejected"], row
        assert row["stored"] == row["new"] + row["changed"], row


def soc(offenses: int = 700) -> Soc:
    """A small console."""
    return Soc(offenses, addresses=40)
