"""Which value of a JSON record is which column: the names that programs use, as a table."""

from watchfloor.readers.meaning.jsonnames.places import (
    Place,
    Places,
    calls_out,
    may_call_out,
    places_of,
    put_out,
    value_at,
)

__all__ = ["Place", "Places", "calls_out", "may_call_out", "places_of", "put_out", "value_at"]
