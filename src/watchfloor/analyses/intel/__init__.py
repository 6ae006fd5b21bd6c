"""Threat intelligence: what is known to be bad, in the formats in which people get it."""
