"""The frame of a pull: a run in the workspace, steps of which one that fails leaves the others, pages that are kept."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from watchfloor.errors import SourceError
from watchfloor.sources.answers import Denied, Failed, Forbidden
from watchfloor.sources.client import Client
from watchfloor.sources.ledger import Ledger
from watchfloor.store.changes import Item
from watchfloor.store.workspace import Page, Run, Workspace

__all__ = ["DAY_MS", "Progress", "Pull", "Step", "running"]

LOG = logging.getLogger("watchfloor.pull")
DAY_MS = 86_400_000

Progress = Callable[[str, int, int | None], None]
"""Told what is being fetched, how many rows came, and of how many where that is known."""
Step = tuple[str, Callable[[], None]]
"""A part of a pull, by the name that the ledger has for it."""


@contextmanager
def running(
    workspace: Workspace, source: str, system: str, settings: Mapping[str, Any], api_version: str
) -> Iterator[tuple[Run, Ledger]]:
    """A run with its ledger; however it ends, the workspace says what it could not have."""
    run = workspace.begin(
        source, system, made_by=f"watchfloor {metadata.version('watchfloor')}", settings=dict(settings)
    )
    ledger = Ledger(source, run.number, api_version)
    try:
        yield run, ledger
    except BaseException as error:
        ledger.missing.setdefault("the rest", f"the pull stopped: {error or type(error).__name__}")
        raise
    finally:
        run.end(
            api_version=api_version,
            missing=[f"{about}: {why}" for about, why in ledger.missing.items()],
            ledger=ledger.rows(),
        )


@dataclass
class Pull:
    """The work of one run."""

    client: Client
    workspace: Workspace
    run: Run
    ledger: Ledger
    progress: Progress

    def take(self, steps: Sequence[Step], *, needed: str) -> None:
        """One step after the other; each needs only those before it.

        Arguments:
            steps: what to do.
            needed: the step without which nothing later is asked for.

        Raises:
            SourceError: nothing came at all, or what is needed may not be seen.
        """
        for place, (about, step) in enumerate(steps):
            try:
                step()
            except Failed as error:
                LOG.debug("%s", about, exc_info=True)
                self.ledger.missing[about] = str(error)
                if isinstance(error, Denied) or about == needed:
                    for other, _ in steps[place + 1 :]:
                        self.ledger.missing[other] = "not asked for"
                    nothing = about not in self.ledger.lists or not self.ledger.lists[about].received
                    # In the middle of a list it is no right that is missing.
                    if not self._came or (isinstance(error, Forbidden) and nothing):
                        raise self.client.failure(error) from error
                    return
            except SourceError as error:  # the way to the system is gone
                if not self._came:
                    raise
                self.ledger.missing |= dict.fromkeys((name for name, _ in steps[place:]), str(error))
                return

    @property
    def _came(self) -> bool:
        """Whether any row came."""
        return any(entry.received for entry in self.ledger.lists.values())

    def keep(
        self,
        about: str,
        page: Page,
        rows: int,
        state: tuple[str, Mapping[str, Any]] | None = None,
        cleared: tuple[str, str] | None = None,
    ) -> None:
        """Keeps a page, and counts; of its `rows` those that are no items are rejected."""
        entry = self.ledger.entry(about)
        entry.add(self.run.save(page, state=state, cleared=cleared))
        entry.rejected += rows - len(page.items)
        entry.received += rows - len(page.items)

    def items(self, rows: Sequence[Any], item: Callable[[Mapping[str, Any]], Item | None]) -> list[Item]:
        """The rows that are objects as they should be."""
        return [one for row in rows if isinstance(row, dict) and (one := item(row)) is not None]
