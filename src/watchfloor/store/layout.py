"""The tables of the workspace in the database, and the steps from each version of them to the next."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

__all__ = [
    "STAMP",
    "STEPS",
    "history",
    "layout",
    "objects",
    "pages",
    "runs",
    "sources",
    "states",
]

layout = sa.MetaData()
STAMP = sa.Table(
    "watchfloor",
    layout,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
"""What the workspace says of itself: the version of its layout."""

sources = sa.Table(
    "sources",
    layout,
    sa.Column("source", sa.Text, primary_key=True, comment="address of the system"),
    sa.Column("system", sa.Text, nullable=False),
    sa.Column("settings", sa.Text, nullable=False, comment="how it is asked, as JSON; never a token"),
)
runs = sa.Table(
    "runs",
    layout,
    sa.Column("run_id", sa.Integer, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("started_ms", sa.BigInteger, nullable=False),
    sa.Column("ended_ms", sa.BigInteger, comment="null: it was killed, or runs"),
    sa.Column("api_version", sa.Text),
    sa.Column("missing", sa.Text, comment="what could not be had, in words; null where nothing"),
    sa.Column("ledger", sa.Text, comment="JSON"),
    sa.Column("made_by", sa.Text, nullable=False),
)
pages = sa.Table(
    "pages",
    layout,
    sa.Column("page_id", sa.Integer, primary_key=True),
    sa.Column("run_id", sa.Integer, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("request", sa.Text, nullable=False, comment="path, parameters, Range, version of the API"),
    sa.Column("received_ms", sa.BigInteger, nullable=False),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False, comment="of the body as received"),
    sa.Column("body", sa.LargeBinary, comment="as received, compressed by zlib; null where nothing in it was new"),
)
objects = sa.Table(
    "objects",
    layout,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True, comment="id at the source"),
    sa.Column("generation", sa.Integer, primary_key=True, comment="1, 2, ..: ids that began again"),
    sa.Column("born_ms", sa.BigInteger, comment="what tells a new object from an old one of the same id"),
    sa.Column("version", sa.Integer, nullable=False, comment="its last row in the history"),
    sa.Column("body_version", sa.Integer, nullable=False, comment="its last row in the history that has a body"),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("closed", sa.Boolean, nullable=False),
    sa.Column("changed_ms", sa.BigInteger, comment="the source's own time of the last change"),
    sa.Column("first_run", sa.Integer, nullable=False),
    sa.Column("last_run", sa.Integer, nullable=False, comment="the last run that changed it"),
    sa.Column("gone_ms", sa.BigInteger, comment="when it was seen to be gone at the source"),
    sa.Column("due", sa.Boolean, nullable=False, comment="its details (notes) wait to be fetched"),
    sqlite_with_rowid=False,
)
sa.Index("objects_due", objects.c.source, objects.c.kind, objects.c.due, sqlite_where=objects.c.due.is_(True))
history = sa.Table(
    "history",
    layout,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("generation", sa.Integer, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, comment="1, 2, .. without a gap"),
    sa.Column("change", sa.Text, nullable=False, comment="new, changed, closed, reopened, gone, back"),
    sa.Column("observed_ms", sa.BigInteger, nullable=False),
    sa.Column("run_id", sa.Integer, nullable=False),
    sa.Column("page_id", sa.Integer, comment="the page that it came with"),
    sa.Column("sha256", sa.Text),
    sa.Column("body", sa.Text, comment="JSON, keys in order; null where it is gone"),
)
"""Append-only: rows are never changed and never deleted."""
states = sa.Table(
    "states",
    layout,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False, comment="JSON: how far a listing got, and up to when all is known"),
)


STEPS: tuple[Callable[[sa.Connection], None], ...] = ()
"""Step 0 turns version 1 of the layout into 2, step 1 turns 2 into 3, and so on; a new workspace needs none of them."""
