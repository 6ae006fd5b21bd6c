"""Opens a workspace: a SQLite file by default, a PostgreSQL database by its URL; makes or brings it up to date."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from watchfloor.errors import MissingExtra, WorkspaceError
from watchfloor.store import layout
from watchfloor.store.workspace import Workspace

__all__ = ["DEFAULT", "VARIABLE", "open_workspace", "translated"]

VARIABLE = "WATCHFLOOR_WORKSPACE"
DEFAULT = "watchfloor.db"
_BUSY_SECONDS = 60
"""How long a writer waits for another one."""


def open_workspace(path_or_url: str | Path | None = None, *, create: bool = False) -> Workspace:
    """The workspace at a path (a folder, or a SQLite file) or URL (`postgresql://user@host/database`).

    Arguments:
        path_or_url: without it, what WATCHFLOOR_WORKSPACE says, else `./watchfloor.db`.
        create: make it where there is none.

    Raises:
        WorkspaceError: there is none, it cannot be opened, or a newer watchfloor wrote it.
        MissingExtra: PostgreSQL without its driver.
    """
    named = str(path_or_url if path_or_url is not None else os.environ.get(VARIABLE) or DEFAULT)
    url = _url(named)
    name = url.render_as_string(hide_password=True) if url.get_backend_name() != "sqlite" else str(url.database)
    if url.get_backend_name() == "sqlite" and not create and not Path(str(url.database)).is_file():
        raise WorkspaceError(
            f"there is no workspace at {name}",
            hint="`watchfloor pull qradar --url https://CONSOLE` fills one (so do pull graph and pull thehive); "
            f"or name files, or another workspace: --workspace, {VARIABLE}, open_workspace(PATH)",
        )
    engine = _engine(url, name)
    with translated(name):
        try:
            _prepare(engine, name, create=create)
        except BaseException:
            engine.dispose()
            raise
    return Workspace(engine, name)


def _url(named: str) -> sa.URL:
    if "://" not in named:
        path = Path(named).absolute()  # a program may change its folder while the workspace is open
        if path.is_dir():
            path /= DEFAULT
        return sa.URL.create("sqlite", database=str(path))
    try:
        url = sa.make_url(named)
    except sa.exc.ArgumentError as error:
        raise WorkspaceError(
            "the workspace's URL is no URL", hint="postgresql://user@host/database, or a path"
        ) from error
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise WorkspaceError(
            f"a workspace cannot be kept in {url.drivername}", hint="use a path (SQLite) or postgresql://user@host/db"
        )
    return url


def _engine(url: sa.URL, name: str) -> sa.Engine:
    try:
        engine = sa.create_engine(url)
    except ImportError as error:
        raise MissingExtra(
            f"{name}: PostgreSQL needs the package psycopg", hint="pip install 'watchfloor[postgresql]'"
        ) from error
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _settle)
        sa.event.listen(engine, "begin", _begin)
    return engine


def _settle(connection: Any, _: object) -> None:
    """Readers beside a writer; transactions begin where we say so."""
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", f"busy_timeout = {_BUSY_SECONDS * 1000}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    """A writer takes its turn at the begin: a reader that becomes one could be refused in the middle."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare(engine: sa.Engine, name: str, *, create: bool) -> None:
    """Makes the tables, or takes the steps to today's layout."""
    newest = 1 + len(layout.STEPS)
    tables = set(sa.inspect(engine).get_table_names())
    have = _version(engine) if layout.STAMP.name in tables else None
    if have == newest:
        return
    if have is None and (tables if engine.dialect.name == "sqlite" else tables & set(layout.layout.tables)):
        raise WorkspaceError(f"{name} is a database of something else", hint="name another file with --workspace")
    if have is None and not create:
        raise WorkspaceError(f"{name} is an empty database", hint="`watchfloor pull` fills it")
    if have is not None and have > newest:
        raise WorkspaceError(
            f"{name} was written by a newer watchfloor: its layout has version {have}, this one knows {newest}",
            hint="upgrade watchfloor, or name another --workspace",
        )
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if have is None:
            layout.layout.create_all(connection)
            connection.execute(layout.STAMP.insert().values(name="version", value=str(newest)))
        else:
            for step in layout.STEPS[have - 1 :]:
                step(connection)
            connection.execute(layout.STAMP.update().where(layout.STAMP.c.name == "version").values(value=str(newest)))


def _version(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        said = connection.scalar(sa.select(layout.STAMP.c.value).where(layout.STAMP.c.name == "version"))
    return int(said or 0)


@contextlib.contextmanager
def translated(name: str) -> Iterator[None]:
    """Errors of the database, said of the workspace.

    Raises:
        WorkspaceError: what the database says.
    """
    try:
        yield
    except sa.exc.DBAPIError as error:
        said = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
        raise WorkspaceError(f"{name}: {said}", hint=_hint(said)) from error


def _hint(said: str) -> str:
    if "not a database" in said:
        return "this file is no workspace: name another with --workspace"
    if "locked" in said:
        return "another watchfloor writes to it: wait until it is done"
    if "unable to open" in said or "readonly" in said:
        return "make its folder first, or name another one with --workspace"
    return "check that the database is there and that you may write to it"
