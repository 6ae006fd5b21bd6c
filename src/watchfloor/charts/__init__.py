"""Kinds of chart as data: what is drawn, from which columns; `draw.py` alone knows how."""

from watchfloor.charts.kinds import Bars, Chart, Heat, Lines, Points

__all__ = ["Bars", "Chart", "Heat", "Lines", "Points"]
