"""The final score of RITA v5: the highest threat score plus the modifiers, its severity, and the table to show."""

from __future__ import annotations

import polars as pl

from watchfloor.analyses.rita.config import IMPACTS, RitaConfig
from watchfloor.analyses.rita.rounding import divided
from watchfloor.analyses.rita.scores import severity, threat_score
from watchfloor.analyses.rita.traffic import OPEN, Traffic

__all__ = ["COLUMNS", "finished", "with_final_score"]

COLUMNS: dict[str, pl.DataType] = {
    "severity": pl.String(),
    "final_score": pl.Float64(),
    "kind": pl.String(),
    "src_ip": pl.String(),
    "dst_ip": pl.String(),
    "name": pl.String(),
    "connections": pl.Int64(),
    "unique_seconds": pl.Int64(),
    "beacon_score": pl.Float64(),
    "ts_score": pl.Float64(),
    "ds_score": pl.Float64(),
    "dur_score": pl.Float64(),
    "hist_score": pl.Float64(),
    "total_duration_seconds": pl.Float64(),
    "long_connection_score": pl.Float64(),
    "strobe": pl.Boolean(),
    "subdomains": pl.Int64(),
    "c2_over_dns_score": pl.Float64(),
    "threat_intel": pl.Boolean(),
    "prevalence": pl.Float64(),
    "first_seen": pl.Datetime("us", "UTC"),
    "missing_host_count": pl.Int64(),
    "total_bytes": pl.Int64(),
    "ports": pl.String(),
    "modifiers": pl.String(),
}
"""Of the table, and their types."""

_PORTS = 20


def finished(table: pl.DataFrame, traffic: Traffic, config: RitaConfig) -> pl.DataFrame:
    """The table as it is shown, the worst first.

    Arguments:
        table: one row per pair or domain, as `threats_of` finds them.
        traffic: for the texts of hosts and names, and the ports.
        config: what each threat and modifier is worth.
    """
    source = pl.when(pl.col("kind") != "dns").then(pl.col("key") // 2**32)
    other = pl.col("key") % 2**32
    hosts, labels = pl.lit(traffic.hosts["text"]), pl.lit(traffic.labels["text"])
    long = pl.col("duration") / 1_000_000
    shown = (
        table.lazy()
        .with_columns(
            src_ip=hosts.gather(source),
            dst_ip=hosts.gather(pl.when(pl.col("kind") == "ip").then(other)),
            name=pl.coalesce("domain", labels.gather(pl.when(pl.col("kind") == "sni").then(other))),
            total_duration_seconds=divided(pl.col("duration"), 1_000_000),
            beacon_score=pl.col("beacon_score").fill_null(0.0),
            first_seen=(pl.col("first") * 1_000_000).cast(pl.Datetime("us", "UTC")),
        )
        .pipe(with_final_score, long, config)
        .sort(
            pl.col("final_score").neg(),
            pl.col("strobe_score").neg(),
            pl.col("beacon_score").neg(),
            "src_ip",
            "dst_ip",
            "name",
            nulls_last=True,
        )
        .collect()
    )
    shown = shown.join(_ports(shown, traffic), on=["kind", "key"], how="left", maintain_order="left")
    return shown.select(pl.col(name).cast(dtype) for name, dtype in COLUMNS.items())


def with_final_score(table: pl.LazyFrame, long: pl.Expr, config: RitaConfig) -> pl.LazyFrame:
    """Adds the threat scores, `final_score`, `modifiers` in words, and `severity`.

    Arguments:
        table: `kind, beacon_score, strobe, subdomains, threat_intel`, and what the modifiers look at.
        long: seconds of all connections of a pair together.
        config: what each threat and modifier is worth.
    """
    added = _modifiers(config)
    scores = ("beacon_threat", "long_connection_score", "strobe_score", "c2_over_dns_score", "intel_score")
    intel, strobe = (pl.lit(IMPACTS[impact]) for impact in (config.threat_intel_impact, config.strobe_impact))
    return (
        table.with_columns(
            beacon_threat=threat_score(pl.col("beacon_score") * 100, config.score_thresholds),
            long_connection_score=threat_score(long, config.long_connection_score_thresholds).fill_null(0.0),
            strobe_score=pl.when("strobe").then(strobe).otherwise(0.0),
            c2_over_dns_score=threat_score(pl.col("subdomains"), config.c2_score_thresholds).fill_null(0.0),
            intel_score=pl.when("threat_intel").then(intel).otherwise(0.0),
        )
        .with_columns(final_score=pl.max_horizontal(scores) + pl.sum_horizontal(score for score, _ in added.values()))
        .with_columns(
            final_score=pl.col("final_score").round(6),
            modifiers=pl.concat_str(
                [pl.when(score != 0).then(text) for score, text in added.values()], separator="; ", ignore_nulls=True
            ),
        )
        .with_columns(severity=severity(pl.col("final_score")), modifiers=pl.col("modifiers").replace("", None))
    )


def _modifiers(config: RitaConfig) -> dict[str, tuple[pl.Expr, pl.Expr]]:
    """What is added to the highest threat score, and how it is said."""
    dns = pl.col("kind") == "dns"
    prevalence, age = pl.col("prevalence"), pl.col("age_days")
    many = pl.col("total_bytes") >= config.threat_intel_datasize_threshold

    def either(value: pl.Expr, rare: float, common: float, more: float, less: float) -> pl.Expr:
        return pl.when(value <= rare).then(more).when(value >= common).then(-less).otherwise(0.0)

    def given(condition: pl.Expr, score: float) -> pl.Expr:
        return pl.when(condition.fill_null(False)).then(score).otherwise(0.0)

    values = {
        "prevalence": (
            either(
                prevalence,
                config.prevalence_increase_threshold,
                config.prevalence_decrease_threshold,
                config.prevalence_score_increase,
                config.prevalence_score_decrease,
            ),
            None,
        ),
        "first_seen": (
            either(
                age,
                config.first_seen_increase_threshold,
                config.first_seen_decrease_threshold,
                config.first_seen_score_increase,
                config.first_seen_score_decrease,
            ),
            None,
        ),
        "missing_host": (given(pl.col("missing_host_count") > 0, config.missing_host_count_score_increase), None),
        "threat_intel_data_size": (
            given(pl.col("threat_intel") & many & ~dns, config.threat_intel_score_increase),
            None,
        ),
        "c2_over_dns_direct_conn": (given(pl.col("direct"), config.c2_over_dns_direct_conn_score_increase), None),
        "rare_signature": (
            given(pl.col("signature").is_not_null(), config.rare_signature_score_increase),
            pl.col("signature"),
        ),
        "mime_type_mismatch": (
            given(pl.col("mismatches") > 0, config.mime_type_mismatch_score_increase),
            pl.col("mismatches").cast(pl.String),
        ),
    }
    return {name: (score, _said(name, score, detail)) for name, (score, detail) in values.items()}


def _said(name: str, score: pl.Expr, detail: pl.Expr | None) -> pl.Expr:
    """`rare_signature +0.15 (curl/8)`."""
    text = pl.format("{} {}{}", pl.lit(name), pl.when(score > 0).then(pl.lit("+")).otherwise(pl.lit("")), score)
    return text if detail is None else pl.format("{} ({})", text, detail)


def _ports(shown: pl.DataFrame, traffic: Traffic) -> pl.DataFrame:
    """Ports of each pair in the window of its import, as port:protocol:service, most connections first.

    Of ICMP, as `icmp:8/0`: type and code.
    """
    lane = pl.col("lane")
    port, text = traffic.coding.port(lane), traffic.coding.text(lane)
    icmp = pl.format("icmp:{}/{}", port // 256, port % 256)
    wanted = shown.filter(pl.col("kind") != "dns").select("kind", "key", "since", run="part")
    found = [
        rows.lazy()
        .filter(pl.col("lane").is_not_null())
        .join(wanted.lazy().filter(pl.col("kind") == kind).drop("kind"), on="key")
        .filter(
            ((pl.col("role") >= OPEN) & (pl.col("part") == pl.col("run")))
            | ((pl.col("role") < OPEN) & (pl.col("part") <= pl.col("run")) & (pl.col("second") >= pl.col("since")))
        )
        .group_by("key", "lane")
        .agg(calls=pl.len().cast(pl.Int64))
        .with_columns(kind=pl.lit(kind))
        for kind, rows in (("ip", traffic.flows), ("sni", traffic.names))
    ]
    return (
        pl.concat(found)
        .collect(engine="streaming")  # in parts: all rows are in it
        .lazy()
        .with_columns(text=pl.when(text.str.contains("^[0-9]+:icmp(:|$)")).then(icmp).otherwise(text))
        .sort("kind", "key", pl.col("calls").neg(), "text")
        .group_by("kind", "key", maintain_order=True)
        .agg(ports=pl.col("text").head(_PORTS).str.join(", "))
        .collect()
    )
