"""One demo for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from watchfloor.demo import Truth, make


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    """The demo's folder and its truth, at full size."""
    folder = tmp_path_factory.mktemp("demo")
    return folder, make(folder)


@pytest.fixture
def folder(made: tuple[Path, Truth]) -> Path:
    """The demo's folder."""
    return made[0]


@pytest.fixture
def truth(made: tuple[Path, Truth]) -> Truth:
    """What was planted in it."""
    return made[1]
