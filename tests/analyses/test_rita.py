"""RITA's formulas: its own unit cases where the reference is present, cases computed by hand everywhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from helpers import DATA
from properties import examples
from rita_book import by_the_book
from watchfloor.analyses.rita.config import (
    CODE,
    IMPACTS,
    SHIPPED,
    RitaConfig,
    Thresholds,
    config_from,
    config_of,
    is_domain,
)
from watchfloor.analyses.rita.domains import listed
from watchfloor.analyses.rita.filters import address_bits, addresses, inside, verdict
from watchfloor.analyses.rita.histogram import (
    bars_of,
    bimodal_scores,
    bin_edges,
    bins_of,
    flatness,
    frequency_counts,
    histogram_scores,
    histograms,
    longest_run,
    occupied,
    total_bars,
)
from watchfloor.analyses.rita.hjson import loads
from watchfloor.analyses.rita.imports import day_of_folder, hour_of_name
from watchfloor.analyses.rita.regularity import distinct_counts, in_order, intervals, mad_score, statistics
from watchfloor.analyses.rita.rounding import ceil3, divided, round3
from watchfloor.analyses.rita.scores import (
    Window,
    beacon_score,
    consistency,
    coverage,
    duration_score,
    score_calls,
    severity,
    threat_score,
)
from watchfloor.errors import BadOption, WatchfloorError

CASES = DATA.parent / "reference" / "rita_unit_cases.json"

Given = dict[str, Any]
Answer = dict[str, Any] | None


def one(expression: pl.Expr) -> Any:
    """The value of an expression over constants."""
    return pl.select(expression).item()


def of_one_pair(values: list[Any]) -> pl.DataFrame:
    """Values of one pair, in order."""
    dtype = pl.Float64 if any(isinstance(value, float) for value in values) else pl.Int64
    return in_order(pl.DataFrame({"pair": [0] * len(values), "value": values}, {"pair": pl.UInt32, "value": dtype}))


def only(table: pl.DataFrame) -> Answer:
    """The one row, or None where the formula gives no score."""
    row = table.to_dicts()[0] if table.height else {}
    return row if row.get("score") is not None else None


def commonest(values: pl.DataFrame, distinct: str, counts: str) -> Given:
    """The distinct values, their counts, and the first that has the highest count."""
    table = distinct_counts(values)
    top = table.sort("count", descending=True, maintain_order=True).row(0, named=True)
    return {
        distinct: table["value"].to_list(),
        counts: table["count"].to_list(),
        "mode": top["value"],
        "mode_count": top["count"],
    }


def histogram_of(heights: list[int]) -> pl.DataFrame:
    return pl.DataFrame(
        {"pair": [0], "histogram": [heights]}, {"pair": pl.UInt32, "histogram": pl.Array(pl.Int64, len(heights))}
    )


def config_with(**values: Any) -> RitaConfig:
    return replace(CODE, **values)


def unchecked(**values: Any) -> RitaConfig:
    """With values that its checks refuse: some cases ask a formula for what no configuration allows."""
    config = replace(CODE)
    for name, value in values.items():
        object.__setattr__(config, name, value)
    return config


# RITA's unit cases: each is one pair through the functions that the analysis runs.


def beacon(given: Given) -> Answer:
    config = config_with(
        timestamp_score_weight=given["ts_weight"],
        datasize_score_weight=given["ds_weight"],
        duration_score_weight=given["dur_weight"],
        histogram_score_weight=given["hist_weight"],
    )
    ts, ds, dur, hist = (pl.lit(given[f"{name}_score"]) for name in ("ts", "ds", "dur", "hist"))
    score = one(beacon_score(ts, ds, dur, hist, config))
    return None if score is None else {"score": score}


def timestamps(given: Given) -> Answer:
    seconds = of_one_pair(given["ts_list"])
    if seconds.height < 4:  # the gate: a pair needs 4 distinct seconds
        return None
    scored = only(statistics(in_order(intervals(seconds)), default=1))
    every = seconds.with_columns(pl.col("value").diff()).drop_nulls()  # RITA lists the zeros as well
    return scored and scored | commonest(in_order(every), "distinct_intervals", "distinct_interval_counts")


def sizes(given: Given) -> Answer:
    values = of_one_pair(given["bytes_list"])
    scored = only(statistics(values, default=0))
    return scored and scored | commonest(values, "distinct_sizes", "distinct_size_counts")


def statistical(given: Given) -> Answer:
    return only(statistics(of_one_pair(given["values"]), default=given["default_mad_score"]))


def bowley(given: Given) -> Answer:
    scored = only(statistics(of_one_pair(given["values"]), default=1))
    return scored and {"skewness": scored["skew"], "score": 1 - abs(scored["skew"])}


def deviation(given: Given) -> Answer:
    scored = only(statistics(of_one_pair(given["values"]), default=given["default_score"]))
    if scored is None:
        return None
    score = mad_score(pl.lit(scored["median"]), pl.lit(scored["mad"]), default=given["default_score"])
    return {"mad": scored["mad"], "score": one(score)}


def distinct(given: Given) -> Answer:
    if len(given["values"]) < 2:  # never asked for: a pair has at least 3 values
        return None
    whole = [int(value) for value in given["values"]]
    return commonest(of_one_pair(whole), "distinct", "counts")


def duration(given: Given) -> Answer:
    config = config_with(
        duration_min_hours_seen=given["min_hours"], duration_consistency_ideal_hours_seen=given["ideal_hours"]
    )
    window = Window(given["dataset_min"], given["dataset_max"])
    covered = coverage(pl.lit(given["hist_min"]), pl.lit(given["hist_max"]), window)
    steady = consistency(pl.lit(given["longest_run"]), config)
    score = one(duration_score(covered, steady, pl.lit(given["total_bars"]), config))
    if score is None:
        return None
    enough = given["total_bars"] >= given["min_hours"]  # RITA leaves its parts at 0 below
    return {"score": score, "coverage": one(covered) * enough, "consistency": one(steady) * enough}


def edges(given: Given) -> Answer:
    return {"bin_edges": bin_edges(given["start"], given["end"], given["num_bins"])}


def frequencies(table: pl.DataFrame, sensitivity: float) -> Given:
    counts = frequency_counts(table, sensitivity)
    wide = bars_of(table)
    bars = [pl.col(name) for name in wide.columns if name != "pair"]
    return {
        "freq_count": {str(height): bars for height, bars in counts.select("height", "bars").iter_rows()},
        "total_bars": wide.select(total_bars(bars)).item(),
        "longest_run": longest_run(wide.select(bits=occupied(bars))["bits"], len(bars)).item(),
    }


def create_histogram(given: Given) -> Answer:
    table = histograms(of_one_pair(given["ts_list"]), given["bin_edges"])
    if table.is_empty():
        return None
    return {"histogram": table["histogram"].item().to_list()} | frequencies(table, given["mode_sensitivity"])


def histogram_score(given: Given) -> Answer:
    found = bin_edges(given["dataset_min"], given["dataset_max"], given["num_bins"])
    config = unchecked(
        histogram_mode_sensitivity=given["mode_sensitivity"],
        histogram_bimodal_outlier_removal=given["bimodal_outlier_removal"],
        histogram_bimodal_min_hours_seen=given["bimodal_min_hours"],
    )
    table = histograms(of_one_pair(given["ts_list"]), found)
    scored = only(histogram_scores(table, config))
    return scored and (
        {"histogram": table["histogram"].item().to_list(), "bin_edges_documented_not_asserted": found}
        | frequencies(table, given["mode_sensitivity"])
        | scored
    )


def variation(given: Given) -> Answer:
    bars = [pl.lit(height) for height in given["histogram"]]
    mean = pl.lit(sum(given["histogram"]) / max(len(bars), 1))
    score = one(flatness(bars, mean)) if bars else None
    return None if score is None else {"score": score}


def bimodal(given: Given) -> Answer:
    counts = pl.DataFrame(
        [(0, int(height), bars) for height, bars in given["freq_count"].items()],
        {"pair": pl.UInt32, "height": pl.Int64, "bars": pl.UInt32},
        orient="row",
    )
    totals = pl.DataFrame(
        {"pair": [0], "total_bars": [given["total_bars"]]}, {"pair": pl.UInt32, "total_bars": pl.UInt32}
    )
    config = unchecked(
        histogram_bimodal_outlier_removal=given["outlier_removal"], histogram_bimodal_min_hours_seen=given["min_hours"]
    )
    score = bimodal_scores(counts, totals, config)["bimodal"].item()
    return None if score is None else {"score": score}


def frequency(given: Given) -> Answer:
    return frequencies(histogram_of(given["histogram"]), given["mode_sensitivity"]) if given["histogram"] else None


def bucketed(given: Given) -> Answer:
    limits = given["thresholds"]
    thresholds = Thresholds(limits["base"], limits["low"], limits["med"], limits["high"])
    return {"score": one(threat_score(pl.lit(float(given["value"])), thresholds))}


def impact_score(given: Given) -> Answer:
    return {"score": IMPACTS[config_with(strobe_impact=given["category"]).strobe_impact]}


def impact_category(given: Given) -> Answer:
    return {"category": one(severity(pl.lit(float(given["score"]))))}


def threshold_range(given: Given) -> Answer:
    limits = given["thresholds"]
    thresholds = Thresholds(limits["Base"], limits["Low"], limits["Med"], limits["High"])
    thresholds.check_range("thresholds", given["min"], None if given["max"] == -1 else given["max"])
    return {}


def contains(given: Given) -> Answer:
    bits = address_bits(pl.Series([given["ip"]]))
    config = config_with(internal_subnets=tuple(given["subnets"]))
    return {"contained": bits.select(inside(pl.col("high"), pl.col("low"), config.internal_subnets)).item()}


def subnets(given: Given) -> Answer:
    return {"subnets": list(config_with(internal_subnets=tuple(given["subnets"])).internal_subnets)}


def filtered(given: Given) -> Answer:
    lists = {name: tuple(value) if isinstance(value, list) else value for name, value in given["config"].items()}
    config = config_with(**lists)
    if given["function"] in ("FilterConnPair", "FilterDNSPair"):
        dns = given["function"] == "FilterDNSPair"
        return {"dropped": dropped(given["src"], given["dst"], config, dns=dns) is not None}
    if given["function"] == "FilterDomain":
        name = pl.lit(given["domain"])
        always, never = (
            listed(name, domains) for domains in (config.always_included_domains, config.never_included_domains)
        )
        return {"dropped": one(~always & never)}
    known = addresses(pl.Series([given["ip"]]), config)
    if given["function"] == "CheckIfInternal":
        return {"internal": known["is_internal"].item()}
    return {"dropped": known["is_never"].item() and not known["is_always"].item()}


def dropped(source: str, destination: str, config: RitaConfig, *, dns: bool = False) -> str | None:
    """Why the pair is dropped."""
    ends = addresses(pl.Series([source, destination]), config).to_struct()
    return one(verdict(pl.lit(ends.gather([0])), pl.lit(ends.gather([1])), config, within_is_kept=dns))


def has_domain(given: Given) -> Answer:
    return {"contained": one(listed(pl.lit(given["host"]), tuple(given["domains"])))}


def valid_name(given: Given) -> Answer:
    return {"valid": is_domain(given["value"])}


def scanned_impact(given: Given) -> Answer:
    """The category as the configuration file has it."""
    category = given["input"]
    values = loads(f"{{scoring: {{strobe_impact: {{category: {json.dumps(category)}}}}}}}")
    config = config_from(values, "here")
    return {"impact": {"Category": config.strobe_impact, "Score": IMPACTS[config.strobe_impact]}}


def hour_of(given: Given) -> Answer:
    hour = hour_of_name(given["filename"])
    return None if hour is None else {"hour": hour}


def day_of(given: Given) -> Answer:
    """RITA refuses a folder without a name, which no folder is."""
    return {"date": day_of_folder(given["folder"]).isoformat()} if given["folder"] else None


def validated(given: Given) -> Answer:
    values: Given = {}
    for name, value in given["changes_to_code_defaults"].items():
        *path, last = name.split(".")
        changes = value if name == "Scoring.Beacon" else {last: value}
        if path and path[-1].endswith("ScoreThresholds"):
            field = FIELDS[path[-1]]
            limit = {"Med": "medium"}.get(last, last.lower())
            values[field] = replace(getattr(CODE, field), **{limit: value})
        elif path and path[-1].endswith("Impact"):
            values[FIELDS[path[-1]]] = value
        else:
            values |= {FIELDS[key]: thresholds_of(changed) for key, changed in changes.items()}
    config_with(**values)
    return {}


def thresholds_of(value: Any) -> Any:
    if isinstance(value, str):
        return Thresholds(0, 0, 0, 0)
    return Thresholds(value["base"], value["low"], value["med"], value["high"]) if isinstance(value, dict) else value


def go_name(field: str) -> str:
    """`c2_over_dns_score` as Go spells it."""
    words = {"c2": "C2", "dns": "DNS", "mime": "MIME", "datasize": "Datasize"}
    return "".join(words.get(word, word.capitalize()) for word in field.split("_"))


FIELDS = {spelling: field.name for field in fields(RitaConfig) for spelling in (field.name, go_name(field.name))}
FIELDS |= {"ThreatIntelDataSizeThreshold": "threat_intel_datasize_threshold"}

RUN: dict[str, Callable[[Given], Answer]] = {
    "getBeaconScore": beacon,
    "getTimestampScore": timestamps,
    "getDataSizeScore": sizes,
    "calculateStatisticalScore": statistical,
    "getDurationScore": duration,
    "getHistogramScore": histogram_score,
    "calculateBowleySkewness": bowley,
    "calculateDistinctCounts": distinct,
    "calculateMedianAbsoluteDeviation": deviation,
    "computeHistogramBins": edges,
    "calculateCoefficientOfVariationScore": variation,
    "calculateBimodalFitScore": bimodal,
    "createHistogram": create_histogram,
    "getFrequencyCounts": frequency,
    "calculateBucketedScore": bucketed,
    "validateScoreThresholdsRange": threshold_range,
    "ValidateImpactCategory": impact_score,
    "GetScoreFromImpactCategory": impact_score,
    "GetImpactCategoryFromScore": impact_category,
    "Config.Validate": validated,
    "FilterConnPair, FilterDNSPair, FilterSingleIP, FilterDomain, CheckIfInternal": filtered,
    "ContainsIP": contains,
    "NewSubnetList": subnets,
    "ContainsDomain": has_domain,
    "ValidFQDN": valid_name,
    "ScoreImpact.Scan": scanned_impact,
    "ParseHourFromFilename": hour_of,
    "ParseFolderDate": day_of,
}
NOT_OURS = {
    "IPIsPubliclyRoutable": "network ids are of several sensors in one data base, which are read as one here",
    "ParseNetworkID": "the same",
    "ValidateTimestamp": "a column of ClickHouse that cannot be null",
    "ValidateDatabaseName": "there is no data base",
    "WalkFiles": "files are found by their content here; how imports are made of them is asked by name and folder",
    "readValidTextMIMETypeFile": "the list is shipped as it is used, not as a file",
    "ParseSearchInput": "the search language of RITA's terminal",
    "NewFixedStringHash": "pairs are numbers here",
}
"""Groups that ask for what is no part of the scores, and why."""


def is_ours(function: str, case: Given) -> bool:
    """Of the group about the configuration, all but its cases about the data base, files, logs and zone transfers."""
    if function != "Config.Validate":
        return True
    changes = case["input"]["changes_to_code_defaults"]
    ours = all(name.split(".")[0] in ("Filtering", "Scoring", "Modifiers") for name in changes)
    structs = "empty" in changes.values()  # a Go struct without values; ours has its defaults
    required = {"Filtering.NeverIncludedSubnets", "Filtering.InternalSubnets"} & changes.keys()
    return ours and not structs and not required


def cases() -> list[Any]:
    if not CASES.is_file():
        return [pytest.param("", {}, 0.0, marks=pytest.mark.skip(reason=f"the reference is not here: {CASES}"))]
    return [
        pytest.param(group["function"], case, group["tolerance"], id=f"{group['function'][:24]}: {case['name']}")
        for group in json.loads(CASES.read_text(encoding="utf-8"))["groups"]
        if group["function"] not in NOT_OURS
        for case in group["cases"]
        if is_ours(group["function"], case)
    ]


@pytest.mark.parametrize(("function", "case", "tolerance"), cases())
def test_a_case_of_rita(function: str, case: Given, tolerance: float | None) -> None:
    """The answer is RITA's; what is an error there raises here, or gives no score."""
    try:
        answer = RUN[function](case["input"])
    except WatchfloorError:
        answer = None
    if case.get("expect_error"):
        assert answer is None
        return
    assert answer is not None
    for name, expected in (case.get("expected") or {}).items():
        if name in ("tolerance", "greater_than"):
            continue
        assert answer[name] == within(expected, case["expected"].get("tolerance", tolerance)), name
    for name, exact in (case.get("exact_from_formula") or {}).items():
        assert answer[name] == pytest.approx(exact, abs=1e-6), name
    if "greater_than" in (case.get("expected") or {}):
        assert answer["score"] > case["expected"]["greater_than"]


def within(expected: Any, tolerance: float) -> Any:
    return (
        pytest.approx(expected, abs=tolerance) if isinstance(expected, int | float | list) and tolerance else expected
    )


# Computed by hand from the formulas.


def table_of(*pairs: list[tuple[int, int]]) -> pl.DataFrame:
    """Calls of pairs 0, 1, ..: second and bytes of each."""
    rows = [(number, second, size) for number, calls in enumerate(pairs) for second, size in calls]
    return pl.DataFrame(rows, {"pair": pl.UInt32, "second": pl.UInt32, "bytes": pl.Int64}, orient="row")


DAY = Window(1_700_006_400, 1_700_006_400 + 86_400)


def test_halves_are_rounded_away_from_zero_and_shares_upwards() -> None:
    """62.5 thousandths are 63, not 62 as with rounding to even; a third is 0.334."""
    assert [one(round3(pl.lit(value))) for value in (0.0625, -0.0625, 0.0624)] == [0.063, -0.063, 0.062]
    assert [one(ceil3(pl.lit(value))) for value in (0.5, 0.5001, 1 / 3)] == [0.5, 0.501, 0.334]


def test_a_constant_divides_exactly() -> None:
    """Many rows as one: 42,000/50,000 is 0.84 and not a bit more, which would be 0.841 upwards."""
    many = pl.DataFrame({"n": range(100_001)})
    assert many.select(divided(pl.col("n"), 50_000)).to_series().to_list() == [n / 50_000 for n in range(100_001)]


def test_quartiles_are_medians_of_the_halves() -> None:
    """10 20 | 30 | 60 100: quartiles 15, 30, 80, skew 35/65; deviations 0 10 20 30 70, MAD 20; (1-35/65+1/3)/2."""
    scored = statistics(of_one_pair([100, 10, 60, 20, 30]), default=0).row(0, named=True)
    assert scored == {"pair": 0, "median": 30.0, "mad": 20.0, "skew": 35 / 65, "score": 0.397}


def test_quartiles_less_than_10_apart_have_no_skew() -> None:
    """1 2 | 3 | 4 9: quartiles 1.5, 3, 6.5 are 5 apart; deviations 0 1 1 2 6: MAD 1, score (1 + 2/3) / 2."""
    scored = statistics(of_one_pair([1, 2, 3, 4, 9]), default=0).row(0, named=True)
    assert (scored["skew"], scored["mad"], scored["score"]) == (0.0, 1.0, 0.833)


def test_without_a_median_of_1_intervals_count_as_regular_and_sizes_do_not() -> None:
    """The MAD score is the default: 1 or 0."""
    assert statistics(of_one_pair([0, 0, 0]), default=1)["score"].to_list() == [1.0]
    assert statistics(of_one_pair([0, 0, 0]), default=0)["score"].to_list() == [0.5]


def test_values_too_large_to_be_packed_are_sorted_all_the_same() -> None:
    """A size of 2**62 and a second pair need more than 64 bits; so does nothing that is negative."""
    wide = pl.DataFrame({"pair": [7, 0, 7], "value": [2**62, 2**62, 1]}, {"pair": pl.UInt32, "value": pl.Int64})
    assert in_order(wide).rows() == [(0, 2**62), (7, 1), (7, 2**62)]
    assert in_order(wide.with_columns(pl.col("value") % 5)).rows() == [(0, 4), (7, 1), (7, 4)]
    assert in_order(wide.with_columns(-pl.col("value"))).rows() == [(0, -(2**62)), (7, -(2**62)), (7, -1)]


def test_intervals_of_0_are_thrown_away_and_those_between_pairs_are_none() -> None:
    """Six calls in each of four seconds are three intervals of 60 s."""
    calls = in_order(
        pl.DataFrame({"pair": [0] * 24 + [1], "value": [60 * (n % 4) for n in range(24)] + [5]}).cast(pl.UInt32)
    )
    assert intervals(calls).rows() == [(0, 60), (0, 60), (0, 60)]


def test_a_second_belongs_to_the_bin_whose_edge_it_reaches() -> None:
    """25 s in 24 bins: edges 0, 1.04, 2.08, ..; what is older is in the first bin, what is at the end in the last."""
    edges = bin_edges(1_000, 1_025)
    assert edges[:3] == [1_000.0, 1_000 + 25 / 24, 1_000 + 2 * (25 / 24)]
    seconds = pl.Series([0, 999, 1_000, 1_001, 1_002, 1_003, 1_024, 1_025, 1_026])
    assert bins_of(seconds, edges).to_list() == [0, 0, 0, 0, 1, 2, 23, 23, 23]


def test_the_longest_run_goes_round() -> None:
    """Bars 22, 23, 0, 1 are a run of 4; 24 bars are 24, not 48."""
    bits = pl.Series([2**22 + 2**23 + 2**0 + 2**1 + 2**5, 2**24 - 1, 0, 2**7], dtype=pl.UInt64)
    assert longest_run(bits).to_list() == [4, 24, 0, 1]


def test_two_heights_fit_and_one_odd_bar_is_forgiven() -> None:
    """12 bars: six of 40, five of 20, one of 90: groups of 5 (5 % of 90), (6 + 5) / (12 - 1)."""
    heights = [40, 20] * 5 + [40, 90] + [0] * 12
    scored = histogram_scores(histogram_of(heights), CODE).row(0, named=True)
    assert scored == {"pair": 0, "total_bars": 12, "longest_run": 12, "score": 1.0}


def test_bars_of_one_height_are_flat_only_where_there_is_no_gap() -> None:
    """12 of 24 bars: mean 1/2, deviation 1/2, cv 1: flatness 0; 10 of them are too few for a bimodal fit."""
    assert histogram_scores(histogram_of([1, 0] * 10 + [0] * 4), CODE)["score"].to_list() == [0.0]
    assert histogram_scores(histogram_of([3] * 24), CODE)["score"].to_list() == [1.0]


def test_a_beat_through_the_whole_window_scores_1() -> None:
    """Every hour and at the end, always 500 bytes. 24 bars, one of them of 2: (23 + 1) / (24 - 1) is more than 1."""
    found = score_calls(table_of([(DAY.start + 3_600 * n, 500) for n in range(25)]), DAY, CODE).row(0, named=True)
    assert found | {"histogram": None} == {
        "pair": 0,
        "connections": 25,
        "first_second": DAY.start,
        "last_second": DAY.end,
        "unique_seconds": 25,
        "interval_seconds": 3600.0,
        "interval_mad_seconds": 0.0,
        "ts_score": 1.0,
        "bytes_median": 500.0,
        "bytes_mad": 0.0,
        "ds_score": 1.0,
        "total_bars": 24,
        "longest_run": 24,
        "coverage": 1.0,
        "hist_score": 1.0,
        "histogram": None,
        "strobe": False,
        "dur_score": 1.0,
        "beacon_score": 1.0,
        "beacon_threat_score": 0.8,
        "severity": "high",
    }


def test_the_gate_counts_seconds_and_the_scorer_intervals() -> None:
    """Three distinct seconds are too few, however many calls; bursts every minute look perfectly regular."""
    start = DAY.start
    few = [(start + 60 * (n % 3), 100) for n in range(60)]
    bursts = [(start + 60 * (n % 30), 100) for n in range(180)]
    found = score_calls(table_of(few, bursts), DAY, CODE)
    assert found.select("pair", "connections", "unique_seconds", "ts_score").rows() == [(1, 180, 30, 1.0)]


def test_a_strobe_is_not_scored() -> None:
    """86,400 connections: score 0, worth the impact of a strobe; one fewer is a beacon."""
    strobe = [(DAY.start + n % 50, 1) for n in range(86_400)]
    found = score_calls(table_of(strobe, strobe[:-1]), DAY, CODE)
    assert found.select("strobe", "beacon_score", "severity").rows()[0] == (True, 0.0, "high")
    assert found["strobe"].to_list() == [True, False]
    assert found["beacon_score"][1] > 0


def test_a_pair_in_one_corner_of_the_window() -> None:
    """Four calls, 100 s apart, sizes 1 2 3 4: one bar, so duration and histogram are 0.

    ts 1; sizes: median 2.5, quartiles too near for a skew, MAD 1, so (1 + 1.5/2.5) / 2 = 0.8; (1 + 0.8) / 4 = 0.45.
    """
    calls = [(DAY.start + 100 * n, n + 1) for n in range(4)]
    [found] = score_calls(table_of(calls), DAY, CODE).to_dicts()
    assert [found[name] for name in ("ts_score", "ds_score", "dur_score", "hist_score")] == [1.0, 0.8, 0.0, 0.0]
    assert (found["beacon_score"], found["beacon_threat_score"], found["severity"]) == (0.45, 0.0, "none")


def test_a_log_of_one_second_has_no_pairs_to_score() -> None:
    """There is no window."""
    calls = table_of([(DAY.start, 1)] * 5)
    assert score_calls(calls, Window(DAY.start, DAY.start), CODE).is_empty()
    assert score_calls(calls.clear(), DAY, CODE).is_empty()


@for_all(
    pairs=st.lists(
        st.lists(
            st.tuples(st.integers(0, 90_000), st.sampled_from([0, 1, 40, 41, 60, 1_500])), min_size=1, max_size=60
        ),
        min_size=1,
        max_size=4,
    ),
    length=st.sampled_from([86_400, 86_399, 50_000, 30]),
    step=st.sampled_from([1, 60, 3_600]),
)
@examples(150)
def test_many_pairs_at_once_score_as_each_by_the_book(
    pairs: list[list[tuple[int, int]]], length: int, step: int
) -> None:
    """To the last digit; pairs do not touch each other."""
    window = Window(DAY.start, DAY.start + length)
    calls = [[(window.start - 100 + second // step * step % (length + 100), size) for second, size in p] for p in pairs]
    found = {row["pair"]: row for row in score_calls(table_of(*calls), window, CODE).to_dicts()}
    expected = {number: scores for number, p in enumerate(calls) if (scores := by_the_book(p, window, CODE))}
    assert {number: {name: row[name] for name in expected[number]} for number, row in found.items()} == expected


# Configuration and filters.


def test_the_two_sets_of_defaults_differ_where_the_class_low_begins() -> None:
    """70 % is worth 0.2 + 0.2 * 20/25 by the code, and 0.4 by the file."""
    assert one(threat_score(pl.lit(70.0), CODE.score_thresholds)) == pytest.approx(0.36)
    assert one(threat_score(pl.lit(70.0), SHIPPED.score_thresholds)) == pytest.approx(0.4)
    assert (config_of("code"), config_of("shipped"), config_of(SHIPPED)) == (CODE, SHIPPED, SHIPPED)
    with pytest.raises(BadOption, match="no configuration 'mine'"):
        config_of("mine")


@pytest.mark.parametrize(
    "values",
    [
        {"unique_connection_threshold": 3},
        {"timestamp_score_weight": 0.3},
        {"duration_min_hours_seen": 25},
        {"score_thresholds": Thresholds(50, 70, 90, 101)},
        {"strobe_impact": "huge"},
        {"internal_subnets": ("10.0.0.0/33",)},
    ],
)
def test_what_rita_refuses_is_refused(values: Given) -> None:
    """With what is allowed."""
    with pytest.raises(BadOption) as error:
        config_with(**values)
    assert error.value.hint


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("0.0.0.1", 0xFFFF_0000_0001),
        ("255.255.255.255", 0xFFFF_FFFF_FFFF),
        ("::", 0),
        ("::1", 1),
        ("1::", 1 << 112),
        ("fe80::1%eth0", (0xFE80 << 112) + 1),
        ("1:2:3:4:5:6:7:8", 0x0001_0002_0003_0004_0005_0006_0007_0008),
        ("::FFFF:10.1.2.3", 0xFFFF_0A01_0203),
        ("64:ff9b::192.0.2.1", (0x64 << 112) + (0xFF9B << 96) + 0xC000_0201),
        *(
            (text, None)
            for text in ("", "1.2.3", "1.2.3.256", "1.2.3.4.5", "1:2", "1::2::3", "g::1", "::12345", "x.com")
        ),
        (None, None),
    ],
)
def test_an_address_is_a_number(address: str | None, number: int | None) -> None:
    """IPv4 among IPv6; what is no address has none."""
    high, low = address_bits(pl.Series([address], dtype=pl.String)).row(0)
    assert (None if high is None or low is None else (high << 64) + low) == number


@pytest.mark.parametrize(
    ("source", "destination", "why"),
    [
        ("10.0.0.1", "198.51.100.1", None),
        ("fd00::1", "2001:db8::1", None),
        ("10.0.0.1", "server.example", None),
        ("10.0.0.1", "192.168.1.1", "internal"),
        ("198.51.100.1", "203.0.113.1", "external"),
        ("198.51.100.1", "10.0.0.1", "inbound"),
        ("10.0.0.1", "224.0.0.251", "never_included"),
        ("fe80::1", "2001:db8::1", "never_included"),
    ],
)
def test_pairs_from_inside_to_outside_are_kept(source: str, destination: str, why: str | None) -> None:
    """By RITA's order of rules; a name is outside."""
    assert dropped(source, destination, CODE) == why
    assert dropped(source, destination, config_with(always_included_subnets=("0.0.0.0/0", "::/0"))) is None
