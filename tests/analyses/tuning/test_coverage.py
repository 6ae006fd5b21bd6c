"""Sole coverage: a technique that two rules see is nobody's alone."""

from __future__ import annotations

import polars as pl

from watchfloor.analyses.tuning.coverage import sole_coverage


def test_techniques_and_tactics_that_one_rule_alone_covers() -> None:
    """By number in any text, else by name; a number in a rule's name counts too."""
    said = pl.DataFrame(
        {
            "rule": ["brute", "brute", "spray", "beacon", "beacon"],
            "value": ["T1110.001 Password Guessing", "T1110", "t1110", "Command and Control", ""],
        }
    )
    rules = pl.Series(["brute", "spray", "beacon", "Kerberoasting (T1558.003)", "plain"])
    assert sole_coverage(rules, said) == {
        "brute": ("T1110.001",),
        "beacon": ("Command and Control",),
        "Kerberoasting (T1558.003)": ("T1558.003",),
    }


def test_nothing_said() -> None:
    """No rule is alone where no technique is known."""
    assert sole_coverage(pl.Series(["a", "b"]), pl.DataFrame(schema={"rule": pl.String, "value": pl.String})) == {}
