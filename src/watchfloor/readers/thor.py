"""THOR's JSON log, versions 1 to 3: a finding for each reason of an assessment, an event for each message."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from watchfloor.instants import Instant, instant_of
from watchfloor.jsonvalues import Rest, text_of
from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.readers.records.documents import has_lines
from watchfloor.readers.records.jsonrecords import read_json, share_of

__all__ = ["READER"]

_KINDS = (
    (re.compile(r"(?i)\byara\b"), "yara"),
    (re.compile(r"(?i)\bfile ?name\b"), "filename"),
    (re.compile(r"(?i)\bhash\b"), "hash"),
    (re.compile(r"(?i)\blevenshtein\b"), "levenshtein"),
    (re.compile(r"(?i)\b(?:domain|c2|connection)\b"), "connection"),
    (re.compile(r"(?i)\bprocess\b"), "process"),
)
"""Words in the class of a signature, or in a reason, that tell its kind."""
_HIT_LEVELS = {"ALERT", "WARNING", "NOTICE"}
_NUMBERED = re.compile(r"reason_([0-9]{1,3})")
_REASON_FIELDS = ("subscore", "score", "ref", "rulename", "description", "author", "matched", "sigclass")
_FILE = ("subject.", "subject.image.", "subject.file.", "")
"""Where the fields of a file are: of the subject, of its image, at the top in versions 1 and 2."""


def accepts(head: Head) -> float:
    """The share of objects with THOR's version of its log, or the id of its scan."""
    return share_of(head, _is_thor)


def _is_thor(found: Mapping[str, Any]) -> bool:
    signed = "scanid" in found or "log_version" in found
    return signed and ({"time", "level"} <= found.keys() or isinstance(found.get("meta"), dict))


def read(path: Path, options: Options) -> Tables:
    """The findings and events of one file."""
    names = ({"scanid", "log_version"},)
    return read_json(path, options, format=READER.name, tables=READER.tables, make=_rows, names=names)


def _rows(found: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    rest = Rest(found)
    instant = instant_of(rest.look("meta.time", "time"))
    if instant is None or instant.exact is None:
        raise ValueError(f"no time with an offset: {text_of(rest.look('meta.time', 'time'))!r}"[:200])
    rest.take("meta.time", "time")
    level = (rest.word("meta.level", "level") or "").upper() or None
    module, host = rest.word("meta.module", "module"), rest.word("meta.hostname", "hostname")
    message = rest.word("message")
    reasons = _reasons(rest)
    assessed = rest.look("type") == "THOR assessment"
    if not (assessed or reasons or (level in _HIT_LEVELS and rest.look("score") is not None)):
        yield (
            "events",
            instant.row()
            | {
                "host": host,
                "program": "thor",
                "action": module,
                "severity_text": level,
                "message": message,
                "fields": rest.fields(),
            },
        )
        return
    hit = _hit(rest) | {
        "time": instant.exact,
        "host": host,
        "scanner": "THOR",
        "level": level,
        "module": module,
        "score": rest.integer("score"),
    }
    subject = rest.look("subject")
    if isinstance(subject, dict) and "path" not in hit and "process" not in hit:
        # What a finding has no column for is shown as it is.
        message = " ".join(part for part in (message, text_of(subject)) if part)
    hit["message"] = message
    for number, reason in enumerate(reasons, 1):
        yield "findings", hit | {"reason_number": number} | _reason(Rest(reason))
    if not reasons:
        yield "findings", hit


def _reasons(rest: Rest) -> list[dict[str, Any]]:
    """The reasons, from a list of objects, or from fields with numbers."""
    listed = rest.look("reasons")
    if isinstance(listed, list):
        rest.take("reasons")
        return [one if isinstance(one, dict) else {"reason": one} for one in listed]
    numbers = sorted(int(found[1]) for name in rest.found if (found := _NUMBERED.fullmatch(name)))
    return [
        {"reason": rest.take(f"reason_{number}")}
        | {name: rest.take(f"{name}_{number}") for name in _REASON_FIELDS if f"{name}_{number}" in rest.found}
        for number in numbers
    ]


def _reason(rest: Rest) -> dict[str, Any]:
    said = rest.word("summary", "reason", "message")
    kind = rest.word("signature.kind", "signature.class", "sigclass", "class") or said or ""
    return {
        "reason": next((name for pattern, name in _KINDS if pattern.search(kind)), "other"),
        "rule": rest.word("signature.rulename", "signature.rule_name", "signature.name", "rulename"),
        "subscore": rest.integer("score", "subscore", "signature.score"),
        "description": rest.word("signature.description", "description") or said,
        "reference": _joined(rest.take("signature.ref", "ref")),
        "author": rest.word("signature.author", "author"),
        "matched": _joined(rest.take("matched")),
    }


def _joined(value: Any) -> str | None:
    """A list as one text; of matched strings what matched, with the place where it did."""
    if not isinstance(value, list):
        return text_of(value)
    return ", ".join(part for one in value if (part := _matched(one))) or None


def _matched(one: Any) -> str | None:
    if isinstance(one, dict) and set(one) == {"data"}:
        return text_of(one["data"])
    return text_of(one)


def _hit(rest: Rest) -> dict[str, Any]:
    """The file or the process that was found."""
    is_process = rest.look("subject.type") == "process"
    hit: dict[str, Any] = {}
    for column, names in {
        "path": ("path", "file"),
        "file_type": ("magic_header",),
        "first_bytes": ("first_bytes.hex", "firstbytes.hex", "firstbytes", "first_bytes"),
        "md5": ("hashes.md5", "md5"),
        "sha1": ("hashes.sha1", "sha1"),
        "sha256": ("hashes.sha256", "sha256"),
    }.items():
        hit[column] = rest.word(*(above + name for above in _FILE for name in names))
    if rest.look("subject") is None:
        hit["file_type"] = rest.word("type")
    if hit["first_bytes"]:
        hit["first_bytes"] = hit["first_bytes"].split(" / ")[0]
    hit["size_bytes"] = rest.integer(*(above + "size" for above in _FILE))
    for name in ("created", "modified", "accessed"):
        # A process was created too: that is not its file's time.
        places = [above + times + name for above in _FILE for times in ("file_times.", "filetimes.", "")]
        if is_process:
            places.remove(f"subject.{name}")
        text = rest.word(*places)
        instant: Instant | None = instant_of(text)
        hit[f"{name}_text"] = text
        hit[f"file_{name}_time"] = instant.exact if instant else None
    hit["pid"] = rest.integer("subject.pid", "pid")
    hit["process"] = rest.word("subject.name" if is_process else "process", "process", "process_name")
    hit["user"] = rest.word(*(("subject.owner",) if is_process else ()), "user")
    hit["command"] = rest.word("subject.command", "command")
    return {column: value for column, value in hit.items() if value is not None}


READER = Reader(
    name="thor-json",
    about="THOR's JSON log, versions 1 to 3: assessments as findings, one for each reason, messages as events",
    tables=("findings", "events"),
    accepts=accepts,
    read=one_by_one(read),
    sign="JSON objects with `log_version` or `scanid`, and `level` or `meta`",
    grows=lambda head: has_lines(head.lines),
)
