"""A QRadar console on loopback, as its API is known to behave: contract, errors, filters, failures, moving data."""

from doubles.faults import Fault
from doubles.qradar.server import Double, Modes
from doubles.qradar.soc import Soc
from watchfloor.demo.console import TOKEN

__all__ = ["TOKEN", "Double", "Fault", "Modes", "Soc"]
