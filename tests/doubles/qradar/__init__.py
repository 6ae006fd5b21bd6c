"""A QRadar console on loopback, as its API is known to behave: contract, errors, filters, failures, moving data."""

from doubles.qradar.faults import Fault
from doubles.qradar.server import TOKEN, Double, Modes
from doubles.qradar.soc import Soc

__all__ = ["TOKEN", "Double", "Fault", "Modes", "Soc"]
