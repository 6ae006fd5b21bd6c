"""Who carries data in DNS? Clients and registered domains by what their names could carry, with the evidence."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

import polars as pl

from watchfloor.analyses import closer
from watchfloor.analyses.domains import registered
from watchfloor.analyses.heavy import load_heavy, with_known
from watchfloor.analyses.inwords import duration, number, size
from watchfloor.analyses.rita.config import RitaConfig, config_of
from watchfloor.analyses.rita.dns import busy_domains
from watchfloor.analyses.rita.domains import registrable
from watchfloor.analyses.rita.scores import threat_score
from watchfloor.charts import Bars, Points
from watchfloor.errors import BadOption
from watchfloor.result import Result
from watchfloor.schemas import CONNECTIONS, DNS_QUERIES, Tables

__all__ = ["COLUMNS", "DIRECT", "LEAST_BYTES", "MOST_BYTES", "dns_tunnels", "score_of_terms", "volume_of"]

COLUMNS: dict[str, str] = {
    "rank": "1 is the most like a tunnel; known heavy users of names come after all others",
    "score": "0 to 1: `volume` x `shape` x `solitude`, and x 0.7 where the client connected to what it was told",
    "src_ip": "who asked; a resolver, where the sensor stands behind it",
    "domain": "the registered domain, by the public-suffix list",
    "known": "what it is, where it is listed as a heavy user of names; null elsewhere",
    "names": "different names asked for",
    "queries": "all of them",
    "why": "the evidence in words",
    "volume": "0 to 1: what names and answers could carry: 0 at 64 bytes, 1 from 4,096, even steps of the logarithm",
    "shape": "0 to 1: how unlike names made for people: length, encoded labels, no name twice; types that carry text",
    "solitude": "0 to 1: 1 / (1 + (clients - 1) / 10)",
    "carried_out_bytes": "characters of the different labels below the domain, at their entropy",
    "carried_in_bytes": "characters of the different answers of types that carry text",
    "mean_length": "characters below the domain, of the different names",
    "max_length": "of the longest",
    "entropy_bits": "per character of the different labels (of 500)",
    "alphabet": "different characters in them",
    "encoded_share": "of the different labels: 20 characters and more, or 8 with letters and digits",
    "unique_share": "names by queries: what is cached is not asked again",
    "record_types": "types with their shares, the most frequent first",
    "text_share": "of queries for types that carry text: TXT, NULL, CNAME, MX, SRV, ..",
    "nxdomain_share": "of queries whose answer code is known",
    "mean_answer_length": "characters of the answers, of queries with any",
    "text_answers": "different answers of types that carry text",
    "queries_per_hour": "between the first and the last",
    "active_hours": "hours of the clock with a query",
    "clients": "that asked for names of this domain",
    "domain_names": "different names of the domain, of all clients",
    "direct_connections": "of the client to addresses that answers gave; null without connections, or addresses",
    "first_time": "the first query",
    "last_time": "the last one",
    "known_reason": "why it is listed",
    "pair": "client and domain, as charts show it",
}
"""Of the table: what each column says."""

_TEXT_TYPES = ("TXT", "NULL", "CNAME", "MX", "SRV", "KEY", "PRIVATE", "HINFO", "ANY", "*", "NAPTR", "SPF", "CAA", "URI")
_SAMPLE = 500
"""Labels of which entropy and alphabet are taken."""
LEAST_BYTES, MOST_BYTES = 64, 4_096
"""Paxson and others (USENIX Security 2013) take 4 kB a day of a client and domain as their bound."""
DIRECT = 0.7
"""What the score is multiplied with where the client connected to an address that it was given."""
_ROW = ("src_ip", "domain")


def dns_tunnels(
    tables: Tables,
    *,
    least_names: int = 10,
    known: str | Path | None = None,
    config: str | Path | RitaConfig = "code",
    top: int = 10,
) -> Result:
    """Who carries data in DNS?

    Arguments:
        tables: `dns_queries`; `connections` tell whether the client connected to what it asked for.
        least_names: a client and domain with fewer different names, and fewer different answers of text, have no row.
        known: a list of heavy users of names instead of the shipped one (TOML).
        config: RITA's parameters, for its count of subdomains: `code`, `shipped`, a file, or a `RitaConfig`.
        top: how many rows the charts show.

    Raises:
        BadOption: a value that means nothing here.
    """
    if top < 1 or least_names < 1:
        raise BadOption(f"top={top}, least_names={least_names}: one means nothing", hint="use 1 or more")
    entries, rita = load_heavy(known), config_of(config)
    queries = _queries(DNS_QUERIES.conform(tables["dns_queries"]))
    labels = _labels(queries)
    asked = queries.join(labels.select("name", "domain", "below"), on="name", how="left")
    of_a_domain = asked.filter(pl.all_horizontal(pl.col("src_ip", "domain").is_not_null()))
    rows = _rows(of_a_domain, least_names)
    ours = of_a_domain.join(rows, on=_ROW, how="semi")
    names = ours.select(*_ROW, "name", "below").unique()
    for more in (_of_names(names), _of_labels(names), _types(ours), _told(ours), _direct(ours, tables)):
        rows = rows.join(more, on=_ROW, how="left")
    ranked = _ranked(with_known(rows, names, entries))
    return Result(
        title="DNS tunnels",
        name="dns_tunnels",
        table=ranked.select(COLUMNS.keys()).lazy(),
        charts=(Bars(x="score", y="pair", color="known", title="How like a tunnel", top=top),),
        explanation=_explained(asked, ranked, least_names),
        parts=(_times(ranked, ours, top), _examples(ranked, ours), _subdomains(labels, rita)),
        closer=partial(closer.at_names, ours),
    )


def _queries(rows: pl.LazyFrame) -> pl.DataFrame:
    """What is looked at of each query."""
    name = pl.col("query").str.to_lowercase().str.strip_suffix(".")
    answers = pl.col("answers").list.drop_nulls()
    return rows.select(
        "time",
        "src_ip",
        "answers",
        name=name,
        type=pl.col("query_type").str.to_uppercase(),
        rcode=pl.col("rcode").str.to_uppercase(),
        told=pl.when(answers.list.len() > 0).then(answers.list.join("")),
    ).collect(engine="streaming")


def _labels(queries: pl.DataFrame) -> pl.DataFrame:
    """One row per name: `name, domain, below`: what stands before the domain."""
    names = queries["name"].drop_nulls().unique()
    return (
        names.to_frame()
        .with_columns(domain=registered(names))
        .with_columns(below=pl.col("name").str.head(pl.col("name").str.len_chars() - pl.col("domain").str.len_chars()))
        .with_columns(pl.col("below").str.strip_suffix("."))
    )


def _rows(asked: pl.DataFrame, least_names: int) -> pl.DataFrame:
    """One row per client and domain with names, or answers of text, enough."""
    text = pl.col("type").is_in(_TEXT_TYPES).fill_null(False)
    everyone = asked.group_by("domain").agg(
        clients=pl.col("src_ip").n_unique().cast(pl.Int64), domain_names=pl.col("name").n_unique().cast(pl.Int64)
    )
    coded = pl.col("rcode").count()
    return (
        asked.group_by(_ROW)
        .agg(
            names=pl.col("name").n_unique().cast(pl.Int64),
            queries=pl.len().cast(pl.Int64),
            text_answers=pl.col("told").filter(text).drop_nulls().n_unique().cast(pl.Int64),
            text_share=text.mean(),
            nxdomain_share=pl.when(coded > 0).then((pl.col("rcode") == "NXDOMAIN").sum() / coded),
            mean_answer_length=pl.col("told").str.len_chars().mean(),
            active_hours=pl.col("time").dt.truncate("1h").drop_nulls().n_unique().cast(pl.Int64),
            first_time=pl.col("time").min(),
            last_time=pl.col("time").max(),
        )
        .filter((pl.col("names") >= least_names) | (pl.col("text_answers") >= least_names))
        .join(everyone, on="domain")
    )


def _of_names(names: pl.DataFrame) -> pl.DataFrame:
    length = pl.col("below").str.len_chars()
    return names.group_by(_ROW).agg(mean_length=length.mean(), max_length=length.max().cast(pl.Int64))


def _of_labels(names: pl.DataFrame) -> pl.DataFrame:
    """What the different labels below a domain could carry: a label that comes again carries nothing new."""
    labels = (
        names.select(*_ROW, label=pl.col("below").str.split("."))
        .explode("label")
        .filter(pl.col("label") != "")
        .unique()
    )
    size = pl.col("label").str.len_chars()
    mixed = pl.col("label").str.contains(r"[0-9]") & pl.col("label").str.contains(r"[a-z]")
    totals = labels.group_by(_ROW).agg(
        characters=size.sum(), encoded_share=((size >= 20) | ((size >= 8) & mixed)).mean()
    )
    few = labels.sort(*_ROW, pl.col("label").hash(0), "label").group_by(_ROW, maintain_order=True).head(_SAMPLE)
    share = pl.col("len") / pl.col("len").sum()
    characters = (
        few.select(*_ROW, letter=pl.col("label").str.split(""))
        .explode("letter")
        .group_by(*_ROW, "letter")
        .len()
        .group_by(_ROW)
        .agg(entropy_bits=-(share * share.log(2)).sum() + 0.0, alphabet=pl.len().cast(pl.Int64))
    )
    return totals.join(characters, on=_ROW, how="left").select(
        *_ROW,
        "encoded_share",
        "entropy_bits",
        "alphabet",
        carried_out_bytes=(pl.col("characters") * pl.col("entropy_bits") / 8).round().cast(pl.Int64),
    )


def _types(ours: pl.DataFrame) -> pl.DataFrame:
    said = pl.format(
        "{} {} %", pl.col("type"), (pl.col("len") * 100 / pl.col("len").sum().over(_ROW)).round().cast(pl.Int64)
    )
    return (
        ours.drop_nulls("type")
        .group_by(*_ROW, "type")
        .agg(len=pl.len().cast(pl.Int64))
        .with_columns(said=said)
        .sort(*_ROW, pl.col("len").neg(), "type")
        .group_by(_ROW, maintain_order=True)
        .agg(record_types=pl.col("said").head(5).str.join(", "))
    )


def _told(ours: pl.DataFrame) -> pl.DataFrame:
    """Characters of the different answers that are text."""
    return (
        ours.filter(pl.col("type").is_in(_TEXT_TYPES))
        .select(*_ROW, "told")
        .drop_nulls()
        .unique()
        .group_by(_ROW)
        .agg(carried_in_bytes=pl.col("told").str.len_chars().sum().cast(pl.Int64))
    )


def _direct(ours: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """Connections of the client to addresses that answers gave."""
    if "connections" not in tables:
        return pl.DataFrame(schema={"src_ip": pl.String, "domain": pl.String, "direct_connections": pl.Int64})
    given = (
        ours.filter(pl.col("type").is_in(("A", "AAAA")) | pl.col("type").is_null())
        .select(*_ROW, dst_ip="answers")
        .explode("dst_ip")
        .drop_nulls()
        .unique()
        .filter(pl.col("dst_ip").str.contains(r"^[0-9a-fA-F:.]*[:.][0-9a-fA-F:.]*$"))
    )
    reached = (
        CONNECTIONS.conform(tables["connections"])
        .join(given.lazy().select("src_ip", "dst_ip").unique(), on=["src_ip", "dst_ip"], how="semi")
        .group_by("src_ip", "dst_ip")
        .agg(calls=pl.len().cast(pl.Int64))
        .collect(engine="streaming")
    )
    calls = pl.col("calls").sum().cast(pl.Int64)
    return given.join(reached, on=["src_ip", "dst_ip"], how="left").group_by(_ROW).agg(direct_connections=calls)


def _between(value: pl.Expr, low: float, high: float) -> pl.Expr:
    return ((value - low) / (high - low)).clip(0, 1)


def volume_of(least: float, most: float) -> pl.Expr:
    """What could be carried: 0 at the least bytes, 1 at the most, in even steps of the logarithm."""
    carried = pl.col("carried_out_bytes").fill_null(0) + pl.col("carried_in_bytes").fill_null(0)
    return _between((carried.clip(1) / least).log(2), 0, math.log2(most / least))


def score_of_terms(direct: float) -> pl.Expr:
    """The score of its terms.

    Arguments:
        direct: what it is multiplied with where the client connected to an address that it was given.
    """
    reached = pl.when(pl.col("direct_connections") > 0).then(direct).otherwise(1.0)
    return (pl.col("volume") * pl.col("shape") * pl.col("solitude") * reached).round(6)


def _ranked(rows: pl.DataFrame) -> pl.DataFrame:
    unlike = (
        0.4 * _between(pl.col("mean_length").fill_null(0), 8, 40)
        + 0.4 * pl.col("encoded_share").fill_null(0)
        + 0.2 * pl.col("unique_share")
    )
    hours = (pl.col("last_time") - pl.col("first_time")).dt.total_microseconds() / 3.6e9
    scored = (
        rows.with_columns(
            pl.col("carried_out_bytes", "carried_in_bytes").fill_null(0),
            unique_share=pl.col("names") / pl.col("queries"),
            queries_per_hour=pl.col("queries") / hours.clip(1 / 60),
            solitude=1 / (1 + (pl.col("clients") - 1) / 10),
            volume=volume_of(LEAST_BYTES, MOST_BYTES),
        )
        .with_columns(shape=1 - (1 - unlike) * (1 - 0.5 * pl.col("text_share")))
        .with_columns(score=score_of_terms(DIRECT))
    )
    return scored.sort(pl.col("known").is_not_null(), pl.col("score").neg(), pl.col("names").neg(), *_ROW).with_columns(
        rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
        pair=pl.format("{} → {}", *_ROW),
        why=_why(),
    )


def _per_cent(share: pl.Expr) -> pl.Expr:
    return (share * 100).round().cast(pl.Int64)


def _why() -> pl.Expr:
    """One sentence per row."""
    known = pl.when(pl.col("known").is_not_null()).then(pl.format("{} ({}): ", "known", "known_reason"))
    span = (pl.col("last_time") - pl.col("first_time")).dt.total_microseconds() / 1e6
    asked = pl.format("{} different names in {} queries", "names", "queries")
    over = pl.format(" over {} ({} an hour)", duration(span), number(pl.col("queries_per_hour")))
    long = pl.format(", {} characters below the domain (at most {})", number(pl.col("mean_length")), "max_length")
    letters = pl.format(
        ", {} bits per character of {} different ones, {} % of labels look encoded",
        number(pl.col("entropy_bits")),
        "alphabet",
        _per_cent(pl.col("encoded_share")),
    )
    out = pl.format(": {} could leave", size(pl.col("carried_out_bytes")))
    back = pl.when(pl.col("carried_in_bytes") > 0).then(
        pl.format(", {} came back in answers of text", size(pl.col("carried_in_bytes")))
    )
    types = pl.format("; {}", "record_types")
    missing = pl.when(pl.col("nxdomain_share") > 0).then(
        pl.format("; {} % NXDOMAIN", _per_cent(pl.col("nxdomain_share")))
    )
    alone = (
        pl.when(pl.col("clients") == 1)
        .then(pl.lit("; no other client asks for this domain"))
        .otherwise(pl.format("; {} clients ask for this domain", "clients"))
    )
    reached = (
        pl.when(pl.col("direct_connections") == 0)
        .then(pl.lit("; it never connected to an address that it was given"))
        .when(pl.col("direct_connections") > 0)
        .then(pl.format("; {} connections to addresses that it was given", "direct_connections"))
    )
    parts = [known, asked, over, long, letters, out, back, types, missing, alone, reached]
    return pl.concat_str(parts, ignore_nulls=True)


def _times(ranked: pl.DataFrame, ours: pl.DataFrame, top: int) -> Result:
    table = (
        ranked.head(top)
        .lazy()
        .select("rank", "pair", *_ROW)
        .join(ours.lazy(), on=_ROW)
        .group_by("rank", "pair", time=pl.col("time").dt.truncate("10m"))
        .agg(queries=pl.len().cast(pl.Int64), names=pl.col("name").n_unique().cast(pl.Int64))
        .sort("rank", "time")
    )
    return Result(
        title="When the names were asked for",
        name="times",
        table=table,
        charts=(Points(x="time", y="pair", size="names", tooltip=("queries", "names"), title="Names per 10 minutes"),),
        explanation=f"Of the first {min(top, ranked.height)} rows, by 10 minutes.",
    )


def _examples(ranked: pl.DataFrame, ours: pl.DataFrame) -> Result:
    table = (
        ranked.lazy()
        .select("rank", *_ROW)
        .join(ours.lazy(), on=_ROW)
        .sort("rank", pl.col("name").str.len_chars().cast(pl.Int64).neg(), "name", "time")
        .unique(["rank", "name"], keep="first", maintain_order=True)
        .group_by("rank", maintain_order=True)
        .head(20)
        .select("rank", "time", query="name", query_type="type", rcode="rcode", answers="answers")
    )
    return Result(
        title="Names behind each row",
        name="examples",
        table=table,
        explanation="The 20 longest names of each client and domain, each with its first query.",
    )


def _subdomains(labels: pl.DataFrame, config: RitaConfig) -> Result:
    """RITA's own count."""
    limits = config.c2_score_thresholds
    cut = labels.select("name", domain=registrable(pl.col("name")))
    table = (
        busy_domains(cut, limits.base)
        .with_columns(c2_over_dns_score=threat_score(pl.col("subdomains"), limits).round(6))
        .sort(pl.col("subdomains").neg(), "domain")
    )
    return Result(
        title="Domains with many names, as RITA counts",
        name="subdomains",
        table=table.lazy(),
        explanation=f"All clients and all times together; RITA cuts names in its own way. The score is RITA v5's: 0.2 "
        f"from {limits.base:g} names, 0.4 from {limits.low:g}, 0.6 from {limits.medium:g}, at most 0.8 from "
        f"{limits.high:g}. `watchfloor hunt` adds its windows, filters and modifiers.",
    )


def _explained(asked: pl.DataFrame, ranked: pl.DataFrame, least_names: int) -> str:
    nowhere = asked.filter(pl.col("domain").is_null() | pl.col("src_ip").is_null()).height
    listed = ranked["known"].is_not_null().sum()
    said = (
        f"Of {asked.height:,} queries, {nowhere:,} name no client or no registered domain (single labels, suffixes, "
        f"addresses). {ranked.height:,} clients and domains have at least {least_names} different names, or answers of "
        "text; the others have no row.",
        f"{listed:,} of them are known to ask for many names: `known` says what, `known_reason` why; they keep their "
        "score and stand after all others."
        if listed
        else "",
        f"The score is volume x shape x solitude. Volume: what names and answers could carry, {LEAST_BYTES} bytes "
        f"(0) to {MOST_BYTES:,} (1), however slowly. Shape: length of names (8 to 40 characters), labels that look "
        "encoded, names that are asked for once, weighted 0.4, 0.4, 0.2; types that carry text take away up to half of "
        "what is missing. Solitude falls with the clients of a domain: half at 11. Where the client connected to an "
        "address that it was given, the score is x 0.7.",
        "What it does not say: whether a row is bad. Where the sensor stands behind the resolver, the resolver is the "
        "only client. A tunnel through DNS over HTTPS is not in these logs.",
    )
    return " ".join(sentence for sentence in said if sentence)
