"""Loki scan logs in every layout: findings, one row per hit and reason, and the frame of each scan."""

from watchfloor.readers.loki.reading import READER

__all__ = ["READER"]
