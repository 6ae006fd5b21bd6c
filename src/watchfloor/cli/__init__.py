"""Words -> calls: the command `watchfloor`."""

from watchfloor.cli.main import main

__all__ = ["main"]
