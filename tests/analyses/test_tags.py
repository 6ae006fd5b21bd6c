"""Tags by whole words and by linear-time regexes: several per alert, with proof of which rule tagged what."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from helpers import rows, table
from watchfloor.analyses.tags import TagRule, TagRules, assign, matches, tag_by_alert
from watchfloor.errors import BadOption
from watchfloor.schemas import ALERTS

RULES = TagRules(
    (
        TagRule("phishing", words=("phish", "spoofed sender")),
        TagRule("scan", words=("scan",), not_words=("virus scan",)),
        TagRule("cve", regex=(r"(?i)\bCVE-\d{4}-\d{4,}\b",)),
    )
)


def tags_of(title: str | None, rules: TagRules = RULES, rule: str | None = None) -> list[str]:
    """Tags of one alert."""
    tagged = assign(table(ALERTS, title=[title], rule=[rule]), rules)
    tags: list[str] = rows(tagged)[0]["tags"]
    return tags


@pytest.mark.parametrize(
    ("title", "tags"),
    [
        ("Port scan from outside", ["scan"]),
        ("PORT SCAN", ["scan"]),
        ("port_scan-detected", ["scan"]),
        ("scan", ["scan"]),
        ("Scanner or scandal", []),
        ("2scan", []),
        ("Scán", []),
        ("scan\u0301", []),
        ("virus scan finished", []),
        ("Spoofed   sender", ["phishing"]),
        ("spoofed_sender", ["phishing"]),
        ("spoofed-sender", ["phishing"]),
        ("spoofedsender", []),
        ("Phish, then scan for cve-2021-44228", ["phishing", "scan", "cve"]),
        ("", []),
        (None, []),
    ],
)
def test_words_are_found_whole_and_in_any_case(title: str | None, tags: list[str]) -> None:
    """Letters and digits at either side make another word, `_` and `-` do not."""
    assert tags_of(title) == tags


def test_either_field_is_enough() -> None:
    """The rule's name tags an alert whose title says nothing; a word that speaks against it may stand in either."""
    assert tags_of(None, rule="Port scan") == ["scan"]
    assert tags_of("Virus scan", rule="Port scan") == []


def test_words_are_no_regexes() -> None:
    """What is special in a regex is plain in a word."""
    for word in ("c&c", "c++", "a.b", "<script>", "(x)", "[y]", "a|b", "100%", "\\x"):
        rules = TagRules((TagRule("t", words=(word,)),))
        assert tags_of(f"see {word} here", rules) == ["t"], word
        assert tags_of("axb see here a b c x y 100", rules) == [], word


def test_the_fields_are_chosen_per_tag() -> None:
    """Here only the closing reason."""
    rules = TagRules((TagRule("tuned", words=("tuned",), fields=("closing_reason",)),))
    alerts = table(ALERTS, title=["tuned", "x"], closing_reason=["x", "False-Positive, Tuned"])
    assert [row["tags"] for row in rows(assign(alerts, rules))] == [[], ["tuned"]]


def test_alerts_keep_their_rows_and_order() -> None:
    """Equal texts are searched once, and every alert has its own row all the same."""
    alerts = table(ALERTS, alert_id=["3", "1", "2"], title=["scan", None, "scan"])
    tagged = assign(alerts, RULES).collect()
    assert tagged.drop("tags").equals(alerts.collect())
    assert tagged["tags"].to_list() == [["scan"], [], ["scan"]]


def test_one_row_per_alert_and_tag() -> None:
    """Untagged alerts stay, without a tag."""
    alerts = table(ALERTS, alert_id=["1", "2"], title=["phish scan", "x"])
    assert tag_by_alert(assign(alerts, RULES)).select("alert_id", "tag").collect().rows() == [
        ("1", "phishing"),
        ("1", "scan"),
        ("2", None),
    ]


def test_which_rule_tagged_what() -> None:
    """Per word and regex: found in, taken out by `not_words`, the only one to say so, an example."""
    alerts = table(
        ALERTS,
        title=["Port scan", "Port scan", "virus scan", "phish", "spoofed sender: phish", None],
        rule=[None, None, None, None, None, "CVE-2024-12345"],
    )
    assert matches(alerts, RULES).collect().rows() == [
        ("phishing", "word", "phish", 2, 0, 1, "phish"),
        ("phishing", "word", "spoofed sender", 1, 0, 0, "spoofed sender: phish"),
        ("scan", "word", "scan", 3, 1, 2, "Port scan"),
        ("cve", "regex", r"(?i)\bCVE-\d{4}-\d{4,}\b", 1, 0, 1, "CVE-2024-12345"),
    ]


def test_rules_that_never_match_have_0() -> None:
    """Also where there is no alert at all, and where there is no rule."""
    assert [row[3] for row in matches(ALERTS.empty(), RULES).collect().rows()] == [0, 0, 0, 0]
    nothing = TagRules(())
    assert matches(ALERTS.empty(), nothing).collect().height == 0
    assert rows(assign(table(ALERTS, title=["x"]), nothing).select("tags")) == [{"tags": []}]


def test_the_shipped_rules() -> None:
    """Common alerts get the tag that a person would give; what says nothing gets none."""
    shipped = TagRules.load()
    assert len(shipped.names) == len(set(shipped.names)) >= 10
    for title, tag in {
        "User reported phishing email": "phishing",
        "Ransomware behaviour on a file server": "malware",
        "Multiple Login Failures for the Same User": "brute force",
        "Remote port sweep": "scanning",
        "Possible SQL injection in URL": "web attack",
        "Exploit attempt CVE-2021-44228": "exploit",
        "New user added to group": "account",
        "DNS tunnelling suspected": "dns",
        "Large upload to a file-sharing site": "data loss",
        "Policy violation: BitTorrent": "policy",
    }.items():
        assert tag in tags_of(title, shipped), title
    assert tags_of("Something else happened", shipped) == []


def test_rules_from_a_file(tmp_path: Path) -> None:
    """What is written is what is used."""
    path = tmp_path / "tags.toml"
    path.write_text(
        "[[tag]]\nname = 'a'\nwords = ['x']\n"
        "[[tag]]\nname = 'b'\nregex = ['^y']\nfields = ['rule']\nnot_words = ['z']\n",
        encoding="utf-8",
    )
    assert TagRules.load(path) == TagRules(
        (TagRule("a", words=("x",)), TagRule("b", regex=("^y",), fields=("rule",), not_words=("z",)))
    )
    assert TagRules.load(path).names == ("a", "b")


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        ({"tags": []}, "'tags' is unknown", r"\[\[tag\]\]"),
        ({"tag": {"name": "a"}}, "no list of tables", r"\[\[tag\]\]"),
        ({"tag": [{"words": ["x"]}]}, "without a name", "name"),
        ({"tag": [{"name": "a"}]}, "'a' has neither words nor regex", "words"),
        ({"tag": [{"name": "a", "words": "x"}]}, "words of tag 'a' is no list", "words = "),
        ({"tag": [{"name": "a", "word": ["x"]}]}, "'a' has an unknown key 'word'", "did you mean words"),
        ({"tag": [{"name": "a", "words": ["x", " "]}]}, "'a' has an empty pattern", "every alert"),
        ({"tag": [{"name": "a", "words": ["x"], "fields": ["titel"]}]}, "'titel'", "did you mean title"),
        ({"tag": [{"name": "a", "words": ["x"], "fields": ["created_time"]}]}, "'created_time'", "title"),
        ({"tag": [{"name": "a", "words": ["x"], "fields": []}]}, "'a' has no fields", "title"),
        ({"tag": [{"name": "a", "regex": ["("]}]}, r"'a': the regex '\(' cannot be used", "look-around"),
        ({"tag": [{"name": "a", "regex": ["(?=x)"]}]}, "'a': the regex .*look-around", "look-around"),
        ({"tag": [{"name": "a", "regex": [r"(x)\1"]}]}, "'a': the regex .*backreferences", "look-around"),
        ({"tag": [{"name": "a", "regex": ["((a{999}){999}){999}"]}]}, "'a': the regex", "look-around"),
        ({"tag": [{"name": "a", "words": ["x"]}] * 2}, "the tag 'a' is there twice", "one"),
    ],
)
def test_what_cannot_be_used_is_named(content: dict[str, Any], message: str, hint: str) -> None:
    """The tag, the key, the pattern, and what to do."""
    with pytest.raises(BadOption, match=message) as error:
        TagRules.parse(content)
    assert re.search(hint, error.value.hint)


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    """Not there, no TOML, not UTF-8."""
    with pytest.raises(BadOption, match="cannot read tag rules"):
        TagRules.load(tmp_path / "none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text('[[tag]\nname = "a"', encoding="utf-8")
    with pytest.raises(BadOption, match="no TOML"):
        TagRules.load(broken)
    broken.write_bytes(b"\xff\xfe")
    with pytest.raises(BadOption, match="cannot read tag rules"):
        TagRules.load(broken)
