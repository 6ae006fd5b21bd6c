"""Real files: each is read by the right reader, and every ledger adds up."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers import DATA, needs_data
from watchfloor.errors import UnreadableFile
from watchfloor.readers import Options, choices, read_files

FORMATS = {
    "loki/*.csv": "loki",
    "loki/*.log": "loki",
    "loki/*.txt": "loki",
    "siem/clamav/*.log": "clamav",
    "siem/clamav/*.stdout": "clamav",
    "siem/paloalto_*": "paloalto",
    "siem/suricata_*": "suricata-eve",
    "formats/thor/*.jsonl": "thor-json",
    "formats/hayabusa/*.json*": "windows-json",
    "formats/chainsaw/clo_search_q_jsonl_*": "windows-json",
    "zeek_cc_by_sa/*/*": "zeek",
    "time/files/apache_access_elastic*.log": "apache_access",
    "time/files/apache_error_first*.log": "apache_error",
    "time/files/a[nu]*_first*.log": "syslog",
    "time/files/[!a]*_first*.log": "syslog",
}
"""Which files are of which format; folders say it of all that is in them."""


def files_of(pattern: str) -> list[Path]:
    """Real files; none where there are no data."""
    return sorted(path for path in DATA.glob(pattern) if path.is_file())


@needs_data
@pytest.mark.parametrize("pattern", FORMATS)
def test_each_file_is_read_by_the_right_reader(pattern: str) -> None:
    """By its content, and nothing of it is lost."""
    found = files_of(pattern)
    assert found
    for choice in choices(found):
        assert (choice.reader.name if choice.reader else None) == FORMATS[pattern], choice
    ledger = read_files(found, options=Options(zone="UTC"))["ledger"].collect()
    assert ledger["source"].to_list() == [str(path) for path in found]
    for row in ledger.to_dicts():
        assert row["lines"] == sum(row[f"lines_{what}"] for what in ("read", "continued", "rejected", "skipped")), row


@needs_data
def test_what_was_drawn_for_the_eye_is_refused() -> None:
    """With what to do instead."""
    [drawn] = files_of("formats/chainsaw/clo_hunt_*")
    with pytest.raises(UnreadableFile) as refused:
        read_files([drawn])
    assert "--json" in str(refused.value.hint)
