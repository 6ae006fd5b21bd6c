"""QRadar offenses as its API returns them, with what their ids mean from further exports beside them."""

from watchfloor.readers.qradar.reading import READER

__all__ = ["READER"]
