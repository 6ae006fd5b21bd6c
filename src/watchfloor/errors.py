"""What can go wrong, said to an analyst: which thing, what is wrong, what to do next.

    WatchfloorError
    ├── InputError                what the user gave cannot be used
    │   ├── NothingToRead         no file there, or none that can be read
    │   ├── UnknownFormat         a file, or a format name, that no reader knows
    │   ├── UnreadableFile        the format is known, the file is not readable as such
    │   ├── BadColumnMap          a column map that does not fit the table or the file
    │   │   └── OtherTable        a file that has none of the columns that the map is about
    │   ├── BadMapping            a mapping of an alert system that cannot be used
    │   ├── BadPattern            a pattern, or a pattern file, that cannot be used
    │   └── BadOption             an option's value that means nothing here
    ├── TimeError                 a time or a zone that cannot be used
    │   ├── UnknownZone           a zone that is not in the IANA list
    │   └── AmbiguousTime         clock times that no rule turns into instants
    ├── SourceError               a system that cannot be asked, or does not answer as it should
    │   ├── NotReachable          no such host, no answer, a certificate that is not trusted
    │   └── AccessDenied          a token that is missing, not accepted, or may not see this
    ├── WorkspaceError            a workspace that is not there, or cannot be used
    ├── SchemaError               a frame that is not the canonical table that it should be
    └── MissingExtra              an optional package that is not installed

An error never prints itself: the command does, with its hint, and exits with 2. In a script or a notebook, Python shows
the hint below the error.
"""

__all__ = [
    "AccessDenied",
    "AmbiguousTime",
    "BadColumnMap",
    "BadMapping",
    "BadOption",
    "BadPattern",
    "InputError",
    "MissingExtra",
    "NotReachable",
    "NothingToRead",
    "OtherTable",
    "SchemaError",
    "SourceError",
    "TimeError",
    "UnknownFormat",
    "UnknownZone",
    "UnreadableFile",
    "WatchfloorError",
    "WorkspaceError",
]


class WatchfloorError(Exception):
    """The root: `str(error)` says what is wrong, `error.hint` what to do next (it may be empty)."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        if hint:
            self.add_note(f"hint: {hint}")


class InputError(WatchfloorError):
    """What the user gave cannot be used."""


class NothingToRead(InputError):
    """No file there, or none that can be read."""


class UnknownFormat(InputError):
    """A file, or a format name, that no reader knows."""


class UnreadableFile(InputError):
    """The format is known, but the file cannot be read as such."""


class BadColumnMap(InputError):
    """A column map that does not fit its table or the file."""


class OtherTable(BadColumnMap):
    """A file that has none of the columns that the map is about."""


class BadMapping(InputError):
    """A mapping of an alert system that cannot be used."""


class BadPattern(InputError):
    """A pattern, or a pattern file, that cannot be used."""


class BadOption(InputError):
    """An option's value that means nothing here."""


class TimeError(WatchfloorError):
    """A time or a zone that cannot be used."""


class UnknownZone(TimeError):
    """A zone that is not in the IANA list."""


class AmbiguousTime(TimeError):
    """Clock times that no rule turns into instants."""


class SourceError(WatchfloorError):
    """A system that cannot be asked, or does not answer as it should."""


class NotReachable(SourceError):
    """No such host, no answer, or a certificate that is not trusted."""


class AccessDenied(SourceError):
    """A token that is missing, not accepted, or may not see this."""


class WorkspaceError(WatchfloorError):
    """A workspace that is not there, or cannot be used."""


class SchemaError(WatchfloorError):
    """A frame that is not the canonical table that it should be."""


class MissingExtra(WatchfloorError):
    """An optional package that is not installed."""
