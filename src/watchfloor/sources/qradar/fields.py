"""Fields that are asked for by name: one that a console does not know is asked for no more, and the ledger says so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from watchfloor.sources.answers import Failed
from watchfloor.sources.qradar.endpoints import Endpoint

__all__ = ["Wanted"]

_OF_FIELDS = re.compile(r"(?:400|422)\b.*?\bfields?\b(?:\W+(\w+)\b)?", re.IGNORECASE | re.DOTALL)
"""`422 Specified field "x" is not recognized ..`: a refusal that speaks of fields, and mostly of which."""
_OF_PARAMETERS = re.compile(r"420\b")
"""IBM's table: the endpoint does not support one of the parameters, whichever."""


@dataclass
class Wanted:
    """What one console lets itself be asked for."""

    remarks: list[str] = field(default_factory=list)
    """For the ledger."""
    _unknown: dict[str, list[str]] = field(default_factory=dict)
    """Of each endpoint the fields that it does not know."""
    _whole: dict[str, str] = field(default_factory=dict)
    """Endpoints that give whole objects only, and what they said."""

    def asked(self, endpoint: Endpoint, params: Mapping[str, str]) -> dict[str, str]:
        """The parameters without what the console refused before."""
        said = dict(params)
        if "fields" not in said:
            return said
        names = self._known(endpoint, params)
        if endpoint.path in self._whole or not names:
            del said["fields"]
        else:
            said["fields"] = ",".join(names)
        return said

    def refused(self, endpoint: Endpoint, params: Mapping[str, str], error: Failed) -> bool:
        """Whether it may be asked again, with less; false where the refusal is about something else."""
        now = self.asked(endpoint, params)
        if "fields" not in now:
            return False
        text = str(error)
        about = _OF_FIELDS.match(text)
        if about is None and not _OF_PARAMETERS.match(text):
            return False
        name = about[1] if about else None
        if name in now["fields"].split(",") and name != "id":  # without its id an object is none
            self._unknown.setdefault(endpoint.path, []).append(str(name))
        else:
            self._whole[endpoint.path] = text
        return True

    def came(self, endpoint: Endpoint, params: Mapping[str, str], rows: list[Any]) -> list[Any]:
        """The rows of an answer with the fields that were wanted and no others; what it was asked without is noted."""
        if "fields" not in params:
            return rows
        name = endpoint.about
        if endpoint.path in self._whole:
            self._note(f"{name}: whole objects were asked for, since the console said {self._whole[endpoint.path]}")
            wanted = frozenset(self._known(endpoint, params))
            return [
                {key: value for key, value in row.items() if key in wanted} if isinstance(row, dict) else row
                for row in rows
            ]
        if unknown := self._unknown.get(endpoint.path):
            self._note(f"{name}: asked without {', '.join(unknown)}, which the console does not know")
        return rows

    def _known(self, endpoint: Endpoint, params: Mapping[str, str]) -> list[str]:
        unknown = self._unknown.get(endpoint.path, ())
        return [name for name in params["fields"].split(",") if name not in unknown]

    def _note(self, text: str) -> None:
        if text not in self.remarks:
            self.remarks.append(text)
