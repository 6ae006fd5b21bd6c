"""What the words for closing an alert say of it, and who may say otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from watchfloor.errors import BadMapping
from watchfloor.mappings import load_verdicts, shipped_verdicts, verdicts_of


@pytest.mark.parametrize(
    ("reason", "disposition"),
    [
        ("Non-Issue", "benign_positive"),
        ("non issue", "benign_positive"),
        ("False-Positive, Tuned", "false_positive"),
        ("Policy Violation", "true_positive"),
        ("True Positive - Handled", "true_positive"),
        ("Benign True Positive", "benign_positive"),
        ("Not a True Positive", "undetermined"),
        ("Duplicate of another", "duplicate"),
        ("Penetration Test", "test"),
        ("Contested", "undetermined"),
        ("Escalated", "undetermined"),
        ("", "undetermined"),
    ],
)
def test_what_a_closing_reason_says(reason: str, disposition: str) -> None:
    """IBM's own by their text, one's own by words that say it; all others are undetermined."""
    assert shipped_verdicts().disposition(reason) == disposition


def test_a_file_of_ones_own_goes_first(tmp_path: Path) -> None:
    """Client before system before everything; what it does not know is as shipped."""
    path = tmp_path / "mapping.toml"
    path.write_text(
        """
        version = 7
        [reasons]
        "non issue" = "test"
        [words]
        "scanner" = "benign_positive"
        [systems.qradar.reasons]
        "Non-Issue" = "duplicate"
        [clients."Bakery & Sons".reasons]
        "Non-Issue!" = "false_positive"
        """
    )
    ours = verdicts_of(tmp_path)
    assert ours.origin == str(path)
    assert ours.version.startswith("7 (sha256 ")
    assert ours.note == f"dispositions by {path}, version {ours.version}"
    assert [
        ours.disposition("Non-Issue"),
        ours.disposition("Non-Issue", system="qradar"),
        ours.disposition("Non-Issue", system="other"),
        ours.disposition("Non-Issue", system="qradar", client="Bakery & Sons"),
        ours.disposition("Our scanner again"),
        ours.disposition("Policy Violation"),
        ours.disposition("Never heard of"),
    ] == [
        "test",
        "duplicate",
        "test",
        "false_positive",
        "benign_positive",
        "true_positive",
        "undetermined",
    ]


def test_a_reason_can_be_taken_back(tmp_path: Path) -> None:
    """`undetermined` goes before the shipped meaning."""
    (tmp_path / "x.toml").write_text('version = "1"\n[reasons]\n"Policy Violation" = "undetermined"\n')
    assert load_verdicts(tmp_path / "x.toml").disposition("Policy Violation") == "undetermined"


def test_without_a_file_the_shipped_ones(tmp_path: Path) -> None:
    """A workspace's folder need not have any."""
    assert verdicts_of(tmp_path) is shipped_verdicts()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[reasons]", "no version"),
        ("version = true", "no version"),
        ("version = ", "no TOML"),
        ('version = 1\n[reasons]\n"x" = "bad"', "'x' = 'bad' is no disposition"),
        ('version = 1\n[reasons]\n"x" = 3', "'x' = 3 is no disposition"),
        ('version = 1\n[reasons]\n"-" = "test"', "has no letters"),
        ("version = 1\nreason = 3", "the key reason means nothing"),
        ("version = 1\nreasons = 3", "reasons is no table"),
        ("version = 1\nclients = 3", "[clients] is no table"),
        ("version = 1\n[clients]\nx = 3", "[clients].x is no table"),
        ("version = 1\n[clients.x]\ny = 3", "[clients].x: the key y means nothing"),
    ],
)
def test_what_is_no_such_file(tmp_path: Path, content: str, message: str) -> None:
    """The error names file, place and what may stand there."""
    (tmp_path / "x.toml").write_text(content)
    with pytest.raises(BadMapping) as error:
        load_verdicts(tmp_path / "x.toml")
    assert str(tmp_path / "x.toml") in str(error.value)
    assert message in str(error.value)
    assert error.value.hint


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The user named it."""
    with pytest.raises(BadMapping, match="No such file"):
        load_verdicts(tmp_path / "x.toml")
