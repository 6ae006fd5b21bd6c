"""HJSON as RITA's configuration file has it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from properties import examples
from watchfloor.analyses.rita.config import CODE, SHIPPED, Thresholds, config_of
from watchfloor.analyses.rita.hjson import loads
from watchfloor.errors import BadOption, WatchfloorError

FILE = """
{
    # a comment
    // another
    /* and a third of several
    lines */
    filtering: {
        internal_subnets: ["10.0.0.0/8", '192.0.2.0/24'], // two
        never_included_domains: ["*.example.org"]
        filter_external_to_internal: false # yes
    },
    scoring: {
        beacon: {
            unique_connection_threshold: 5
            score_thresholds: { base: 50, low: 70 }
        }
        strobe_impact: { category: "low" }
        c2_subdomain_threshold: 100
    }
    modifiers: { rare_signature_score_increase: 0.15, first_seen_increase_threshold: 7 }
    batch_size: 100000
}
"""


def test_a_file_of_rita_is_read(tmp_path: Path) -> None:
    """What it does not say keeps the default of RITA's code; keys beside the scores are none of ours."""
    path = tmp_path / "config.hjson"
    path.write_text(FILE)
    config = config_of(str(path))
    assert config.internal_subnets == ("10.0.0.0/8", "192.0.2.0/24")
    assert (config.never_included_domains, config.filter_external_to_internal) == (("*.example.org",), False)
    assert (config.unique_connection_threshold, config.strobe_impact) == (5, "low")
    assert config.score_thresholds == Thresholds(50, 70, 90, 100)
    assert (config.rare_signature_score_increase, config.prevalence_score_increase) == (0.15, 0.0)


def test_the_four_values_in_which_the_defaults_differ() -> None:
    """The class low of the beacon score, prevalence both ways, rare signature."""
    differ = {name for name in vars(CODE) if getattr(CODE, name) != getattr(SHIPPED, name)}
    assert differ == {
        "score_thresholds",
        "prevalence_score_increase",
        "prevalence_score_decrease",
        "rare_signature_score_increase",
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", {}),
        ("# nothing", {}),
        ("a: 1\nb: two words # a text ends with its line", {"a": 1, "b": "two words # a text ends with its line"}),
        ("{a: true, b: null\n c: [1, 2.5 // two\n -3e2]}", {"a": True, "b": None, "c": [1, 2.5, -300.0]}),
        ("{a: true b\n}", {"a": "true b"}),
        ("{a: 127.0.0.1:80}", None),
        ("a: 127.0.0.1:80", {"a": "127.0.0.1:80"}),
        ("a: '''\nb\n'''", {"a": "b"}),
        ('{"a b": "\\u00e9"}', {"a b": "é"}),
        ("[1]", [1]),
    ],
)
def test_values(text: str, value: Any) -> None:
    """Commas, quotes and the outermost braces may be missing; a text without quotes takes the rest of its line."""
    if value is None:
        with pytest.raises(BadOption):
            loads(text)
    else:
        assert loads(text) == value


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{a: 1", "line 1"),
        ("{\na 1}", "line 2.*colon"),
        ("{a: }", "a value is missing"),
        ("{a: 1, a: 2}", "'a' is there twice"),
        ("[" * 10_000, "nested"),
        ("{a: 1} x", "follows the end"),
        ("[1, 2", "does not end"),
    ],
)
def test_what_is_no_hjson_is_told_with_its_line(text: str, what: str) -> None:
    """No traceback, no recursion without an end."""
    with pytest.raises(BadOption, match=what):
        loads(text)


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("modifiers: {rare_signature_score_increas: 1}", "no key", "rare_signature_score_increase"),
        ("scoring: {beacon: {duration_min_hours_seen: two\n}}", "'two' means nothing", "6"),
        ("scoring: {beacon: 5}", "scoring.beacon is no object", "unique"),
        ("scoring: {c2_score_thresholds: {base: 1, top: 2}}", "means nothing", ""),
        ('filtering: {internal_subnets: ["10.0.0.0/99"]}', "10.0.0.0/99", "10.0.0.0/8"),
        ("modifiers: {first_seen_increase_threshold: 90}", "first_seen_decrease_threshold = 30", "rare"),
        ("[1]", "no settings", "scoring"),
    ],
)
def test_what_rita_does_not_know_is_refused(tmp_path: Path, text: str, what: str, hint: str) -> None:
    """A misspelt key would change nothing, silently."""
    path = tmp_path / "config.hjson"
    path.write_text(text)
    with pytest.raises(BadOption, match=what) as error:
        config_of(path)
    assert hint in error.value.hint


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(value=st.dictionaries(st.text(), JSON, max_size=4), indent=st.sampled_from([None, 2]))
@examples(60)
def test_json_is_hjson(value: dict[str, Any], indent: int | None) -> None:
    """Every JSON object reads as itself."""
    assert loads(json.dumps(value, indent=indent)) == value


@given(text=st.text(alphabet="{}[]:,#/*\"' \nab1.-\\"))
@examples(100)
def test_any_text_reads_or_is_refused(text: str) -> None:
    """Never anything else."""
    try:
        loads(text)
    except WatchfloorError as error:
        assert error.hint
