"""TheHive 5 on loopback: alerts and cases of one organisation, asked through `/api/v1/query`."""

from doubles.thehive.hive import Hive
from doubles.thehive.server import KEY, Modes, TheHive

__all__ = ["KEY", "Hive", "Modes", "TheHive"]
