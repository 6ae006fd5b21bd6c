"""Key=value logs: Fortinet FortiGate, Sophos, SonicWall, WatchGuard and the general case, also behind syslog."""

from watchfloor.readers.pairs.reading import READER

__all__ = ["READER"]
