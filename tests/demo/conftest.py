"""One demo for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from watchfloor.demo import Truth, make
from watchfloor.demo.console import TOKEN, Console, of_demo
from watchfloor.readers import Tables
from watchfloor.sources.qradar import Tls, Token, pull
from watchfloor.store import open_workspace


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    """The demo's folder and its truth, at full size."""
    folder = tmp_path_factory.mktemp("demo")
    return folder, make(folder)


@pytest.fixture(scope="session")
def pulled(made: tuple[Path, Truth], tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """Its offenses as they come through the API of its console."""
    folder, truth = made
    place = tmp_path_factory.mktemp("workspace") / "watchfloor.db"
    holdings = of_demo(folder / "qradar", round(truth.offenses.as_of.timestamp() * 1000))
    with Console(holdings) as console, open_workspace(place, create=True) as workspace:
        ledger = pull(console.url, workspace, trust=Tls(fingerprint=console.fingerprint), token=Token(TOKEN), notes=20)
        assert not ledger.missing
        assert ledger.lists["offenses"].new == truth.offenses.offenses
        return workspace.tables()


@pytest.fixture
def folder(made: tuple[Path, Truth]) -> Path:
    """The demo's folder."""
    return made[0]


@pytest.fixture
def truth(made: tuple[Path, Truth]) -> Truth:
    """What was planted in it."""
    return made[1]
