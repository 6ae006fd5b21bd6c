"""watchfloor turns raw security exports into answers."""

__version__ = "0.1.0"
