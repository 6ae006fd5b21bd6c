"""Why advice is short: too few alerts, no evidence, verdicts about one rule only."""

from __future__ import annotations

from tuning_alerts import Made
from watchfloor.analyses.tuning.shortcomings import shortcomings
from watchfloor.analyses.tuning.work import work_of
from watchfloor.schemas import ALERTS, EVIDENCE


def test_what_was_short_is_said() -> None:
    """One sentence for each thing that the alerts do not hold; none where nothing is missing."""
    assert "no alert with a rule and a time" in shortcomings(
        work_of(ALERTS.empty(), EVIDENCE.empty()), rows=0, minimum=10
    )
    few = shortcomings(Made().add("a", 4).add("b", 3).work, rows=0, minimum=10)
    assert few.startswith("No rule has 10 alerts here (--minimum): the most frequent one has 4, of 7 in all.")
    bare = Made().add("a", 40)
    assert shortcomings(bare.work, rows=1, minimum=10).startswith("There is no evidence")
    single = Made().add("a", 40, disposition="false_positive", host="x")
    assert shortcomings(single.work, rows=1, minimum=10).startswith("All verdicts are about one rule")
    whole = single.add("b", 40, disposition="true_positive", host="y")
    assert shortcomings(whole.work, rows=1, minimum=10) == ""
    assert "`why_not`" in shortcomings(whole.work, rows=0, minimum=10)
