"""Doubles of systems that watchfloor asks: servers on loopback that behave as the real ones are known to."""
