"""A PostgreSQL server for tests: started once on a private port in a folder of its own, ended with them."""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

_NUMBERS = itertools.count(1)


def new_database() -> str:
    """The URL of an empty database; skips the test with a reason where there is no server to start."""
    server = _server()
    if isinstance(server, str):
        pytest.skip(server)
    import psycopg

    name = f"w{next(_NUMBERS)}"
    with psycopg.connect(
        port=server[1], host="127.0.0.1", user="watchfloor", dbname="postgres", autocommit=True
    ) as one:
        one.execute(f"CREATE DATABASE {name}")
    return f"postgresql://watchfloor@127.0.0.1:{server[1]}/{name}"


@functools.cache
def _server() -> tuple[subprocess.Popen[bytes], int] | str:
    """The server and its port, or why there is none."""
    try:
        import psycopg
    except ImportError:
        return "no PostgreSQL driver here: pip install 'watchfloor[postgresql]'"
    programs = _programs()
    if programs is None:
        return "no PostgreSQL server here: scripts/install-postgresql.sh says how to get one"
    folder = Path(tempfile.mkdtemp(prefix="watchfloor-pg-"))
    user = "postgres" if os.name == "posix" and os.geteuid() == 0 else None  # it refuses to run as root
    if user:
        shutil.chown(folder, user)
    data = folder / "data"
    made = subprocess.run(
        [programs / "initdb", "-D", data, "-U", "watchfloor", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"],
        capture_output=True,
        user=user,
        cwd=folder,
        check=False,
    )
    if made.returncode:
        return f"PostgreSQL cannot make a database here: {made.stderr.decode(errors='replace')[-200:]}"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [
            *(programs / "postgres", "-D", data, "-p", str(port), "-k", folder),
            *("-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=50"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=user,
        cwd=folder,
    )
    atexit.register(_end, server, folder)
    for _ in range(200):
        try:
            psycopg.connect(port=port, host="127.0.0.1", user="watchfloor", dbname="postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return server, port
    return "PostgreSQL does not start here"


def _programs() -> Path | None:
    """The folder with the server's programs; Debian keeps them away from the path."""
    found = [Path(name).parent for name in (shutil.which("initdb"),) if name]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in found if (folder / "postgres").exists()), None)


def _end(server: subprocess.Popen[bytes], folder: Path) -> None:
    server.send_signal(signal.SIGINT)
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
    shutil.rmtree(folder, ignore_errors=True)
