"""Alert systems as data: a TOML file says what a system's records are known by and where each column comes from."""

from watchfloor.mappings.systems.making import Maker, alerts, made_by
from watchfloor.mappings.systems.model import System, parse_system, system_named, systems

__all__ = ["Maker", "System", "alerts", "made_by", "parse_system", "system_named", "systems"]
