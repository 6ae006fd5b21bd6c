"""A QRadar console on loopback that holds the demo's offenses, so that the demo asks as one asks a true console."""

from watchfloor.demo.console.contract import OTHER_TOKEN, TOKEN, Modes
from watchfloor.demo.console.holdings import Holdings, of_demo
from watchfloor.demo.console.server import Console

__all__ = ["OTHER_TOKEN", "TOKEN", "Console", "Holdings", "Modes", "of_demo"]
