"""RITA v5: its parameters, filters and formulas, for many pairs at once."""
