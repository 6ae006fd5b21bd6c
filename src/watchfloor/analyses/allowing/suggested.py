"""What could be allowed of an answer: narrow entries for what looks benign, each with what it would hide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import polars as pl

from watchfloor.analyses.allowing.applied import in_first_order, score_of
from watchfloor.analyses.allowing.entries import Entry, Port, text_of
from watchfloor.analyses.allowing.matching import asked_of, matches
from watchfloor.analyses.beaconing.context import of_names
from watchfloor.analyses.domains import registered
from watchfloor.analyses.heavy import load_heavy
from watchfloor.analyses.listed import Name, name_of, named_by, names_as_asked, network_of
from watchfloor.errors import BadOption
from watchfloor.hostile import harmless
from watchfloor.result import Result

__all__ = ["listed_as_toml", "suggested"]

_HIGH = 0.6
"""From here on a score of another kind speaks against an entry."""
_MOST_VALUES = 20
"""An entry with more names or addresses than this is one nobody reads."""
_OTHERS = ("long_connection_score", "c2_over_dns_score")
"""Scores of another kind that a row may have beside its beat."""
_SCHEMA = {
    "allows": pl.String,
    "why": pl.String,
    "rows": pl.Int64,
    "hosts": pl.Int64,
    "highest_score": pl.Float64,
    "threat_intel_rows": pl.Int64,
    "high_elsewhere": pl.Int64,
    "caution": pl.String,
    "toml": pl.String,
}


def suggested(
    result: Result,
    *,
    beside: Sequence[Result] = (),
    least_hosts: int = 5,
    most: int = 50,
    owner: str = "nobody yet",
    expiry_days: int = 90,
    today: date | None = None,
) -> Result:
    """Entries for an allow list, first those that hide most of the scores; nothing is applied.

    Arguments:
        result: of `beacons`, `hunt`, `long-connections` or `dns-tunnels`.
        beside: other answers about the same network: a high score there speaks against an entry.
        least_hosts: what so many hosts call is taken for a service.
        most: so many entries at most.
        owner: who answers for them.
        expiry_days: when they expire.
        today: the day they are made; by default the present one, UTC.

    Raises:
        BadOption: an answer that is not about the network, or a value that means nothing.
    """
    if least_hosts < 2 or most < 1 or expiry_days < 1:
        raise BadOption(
            f"least_hosts={least_hosts}, most={most}, expiry_days={expiry_days}: one means nothing",
            hint="use 2, 1, 1 or more",
        )
    table = in_first_order(result.collect())
    if not asked_of(table.columns) & {"dst", "domain"}:
        raise BadOption(
            f"{result.title or 'this answer'}: its rows have no destinations",
            hint="suggestions are for beacons, hunt, long-connections and dns-tunnels",
        )
    day = today or datetime.now(UTC).date()
    paper = (owner, day, day + timedelta(days=expiry_days))
    rows = _rows(table)
    entries = [*_known(rows, paper), *_shared(rows, least_hosts, paper)]
    shown = _judged(entries, table, beside).head(most)
    off = int(shown["caution"].is_not_null().sum())
    return Result(
        title="Suggested for an allow list",
        name="suggestions",
        table=shown.lazy(),
        first_columns=("allows", "why", "rows", "hosts", "highest_score", "caution"),
        explanation=f"{shown.height:,} entries for {table.height:,} rows, first those that hide most "
        "of the scores; nothing is applied. They are for what the "
        f"shipped lists know (benign things that beat, heavy users of names) and for what {least_hosts} hosts or more "
        "call, each as narrow as it can be: names to the letter, with the port where there is one alone. `rows`, "
        "`hosts` and `highest_score` are what it would hide, counted on all rows."
        + (f" {off:,} of them are written as comments: see `caution`." if off else "")
        + " A name that many call can still be bad: look at each before you use it.",
        provenance=result.provenance,
    )


def listed_as_toml(suggestions: Result) -> str:
    """The suggestions as an allow list to edit."""
    head = (
        "# Suggestions: nothing is applied until somebody has looked at each, put an owner to it, and uses this file:\n"
        "# watchfloor allow RESULT --list THIS.toml. Entries with something against them are comments.\nversion = 1\n"
    )
    return "\n\n".join([head.rstrip(), *suggestions.collect()["toml"]]) + "\n"


def _rows(table: pl.DataFrame) -> pl.DataFrame:
    """`src, name, dst, port` of each row, and `what` it is where the shipped lists know it."""
    have = table.columns

    def column(*names: str) -> pl.Expr:
        there = [pl.col(name).cast(pl.String) for name in names if name in have]
        return pl.coalesce(there) if there else pl.lit(None, pl.String)

    rows = table.select(
        src=column("src_ip"),
        name=column("name", "domain"),
        dst=column("dst_ip"),
        port=column("ports").str.extract(r"^([0-9]+:[^:,]+)(?::[^ ]*)?$"),
        listed=column("known"),
    )
    names = names_as_asked(rows["name"])
    heavy = [(domain, entry.kind) for entry in load_heavy() if entry.names is None for domain in entry.domains]
    kinds = pl.DataFrame({"item": list(range(len(heavy))), "kind": [kind for _, kind in heavy]})
    users = named_by(names, ((n, Name(domain, "domain")) for n, (domain, _) in enumerate(heavy)))
    users = users.join(kinds, on="item").sort("item").unique("text", keep="first").select(name="text", kind="kind")
    facts = pl.DataFrame({"name": names, "by_name": of_names(names)["what"], "domain": registered(names)})
    facts = facts.join(users, on="name", how="left", maintain_order="left")
    return rows.with_columns(
        name=names, domain=facts["domain"], what=pl.coalesce("listed", facts["by_name"], facts["kind"])
    )


_Paper = tuple[str, date, date]


def _known(rows: pl.DataFrame, paper: _Paper) -> list[Entry]:
    """What the shipped lists know: by name one entry for each domain, else one for each port."""
    known = rows.filter(pl.col("what").is_not_null())
    named = known.filter(pl.col("name").is_not_null())
    found = []
    by_domain = named.group_by("what", domain=pl.coalesce("domain", "name")).agg(pl.col("name").unique().sort())
    for what, domain, names in by_domain.sort("what", "domain").iter_rows():
        listed = _names(names)
        if len(listed) > _MOST_VALUES and (whole := name_of(domain)):
            listed = (Name(whole, "domain"),)
        if listed:
            key = "name" if listed[0].how == "name" else "domain"
            found.append(_entry(f"{what}: on the shipped list", paper, **{key: listed}))
    bare = known.filter(pl.col("name").is_null(), pl.col("dst").is_not_null(), pl.col("port").is_not_null())
    by_port = bare.group_by("what", "port").agg(pl.col("dst").unique().sort())
    for what, port, addresses in by_port.sort("what", "port").iter_rows():
        networks = _networks(addresses)
        for start in range(0, len(networks), _MOST_VALUES):
            some = networks[start : start + _MOST_VALUES]
            found.append(_entry(f"{what}: on the shipped list", paper, dst=some, port=_port(port)))
    return found


def _shared(rows: pl.DataFrame, least_hosts: int, paper: _Paper) -> list[Entry]:
    """What many hosts call, of that which the lists do not know."""
    others = rows.filter(pl.col("what").is_null(), pl.col("src").is_not_null())
    hosts = pl.col("src").n_unique()
    one_port = pl.when((pl.col("port").n_unique() == 1) & pl.col("port").is_not_null().all()).then(
        pl.col("port").first()
    )
    found = []
    for kind in ("name", "dst"):
        there = others.filter(pl.col(kind).is_not_null())
        if kind == "dst":
            there = there.filter(pl.col("name").is_null())
        groups = there.group_by(kind).agg(hosts=hosts, port=one_port).filter(pl.col("hosts") >= least_hosts)
        for value, count, port in groups.sort("hosts", kind, descending=[True, False]).iter_rows():
            listed = _names([value]) if kind == "name" else _networks([value])
            if listed:
                what = {kind: listed} | ({"port": _port(port)} if port else {})
                found.append(_entry(f"called by {count:,} hosts", paper, **what))
    return found


def _names(texts: Sequence[str]) -> tuple[Name, ...]:
    return tuple(Name(name, "name") for text in texts if (name := name_of(text)))


def _networks(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(network for text in texts if (network := network_of(text)))


def _port(text: str) -> tuple[Port, ...]:
    number, _, proto = text.partition(":")
    return (Port(int(number), proto.lower()),)


def _entry(reason: str, paper: _Paper, **conditions: tuple[str, ...] | tuple[Name, ...] | tuple[Port, ...]) -> Entry:
    owner, created, expires = paper
    return Entry(reason=harmless(reason), owner=owner, created=created, expires=expires, **conditions)  # type: ignore[arg-type]


def _judged(entries: Sequence[Entry], table: pl.DataFrame, beside: Sequence[Result]) -> pl.DataFrame:
    """What each entry would hide, and what speaks against it; those that hide nothing are no suggestion."""
    told = asked_of(table.columns)
    usable = [entry for entry in entries if entry.conditions().keys() <= told]
    score = score_of(table.columns)
    kinds = [name for name in _OTHERS if name in table.columns]
    high = pl.max_horizontal(pl.lit(0.0), *kinds) >= _HIGH
    if "strobe" in table.columns:
        high = high | pl.col("strobe").fill_null(False)
    facts = table.with_row_index("row").select(
        "row",
        src=pl.col("src_ip") if "src_ip" in table.columns else pl.lit(None, pl.String),
        score=pl.col(score).cast(pl.Float64) if score else pl.lit(None, pl.Float64),
        bad=pl.col("threat_intel").fill_null(False) if "threat_intel" in table.columns else pl.lit(False),
        high=high,
    )
    figures = (
        matches(table, usable)
        .join(facts, on="row")
        .group_by("entry")
        .agg(
            rows=pl.len().cast(pl.Int64),
            weight=pl.col("score").clip(0).sum(),
            hosts=pl.col("src").drop_nulls().n_unique().cast(pl.Int64),
            highest_score=pl.col("score").max(),
            threat_intel_rows=pl.col("bad").sum().cast(pl.Int64),
            high_elsewhere=pl.col("high").sum().cast(pl.Int64),
        )
    )
    elsewhere = _elsewhere(usable, beside)
    found = []
    for row in figures.to_dicts():
        number = row.pop("entry")
        row["high_elsewhere"] += elsewhere.get(number, 0)
        entry, caution = usable[number], _caution(row)
        found.append(
            {
                "allows": str(entry),
                "why": entry.reason,
                **row,
                "caution": caution,
                "toml": text_of(entry, notes=_notes(row, caution), off=caution is not None),
            }
        )
    shown = pl.DataFrame(found, {**_SCHEMA, "weight": pl.Float64}, orient="row")
    return shown.sort("weight", "rows", "allows", descending=[True, True, False]).drop("weight")


def _elsewhere(entries: Sequence[Entry], beside: Sequence[Result]) -> dict[int, int]:
    """Rows with a high score in other answers, by entry."""
    counts: dict[int, int] = {}
    for other in beside:
        table = other.collect()
        score, told = score_of(table.columns), asked_of(table.columns)
        if score is None:
            continue
        high = table.filter(pl.col(score) >= _HIGH)
        if "known" in high.columns:
            high = high.filter(pl.col("known").is_null())
        numbers = [n for n, entry in enumerate(entries) if entry.conditions().keys() <= told]
        for number, rows in matches(high, [entries[n] for n in numbers]).group_by("entry").len().iter_rows():
            counts[numbers[number]] = counts.get(numbers[number], 0) + rows
    return counts


def _caution(row: dict[str, int]) -> str | None:
    said = []
    if row["threat_intel_rows"]:
        said.append(f"threat intelligence lists {row['threat_intel_rows']:,} of the rows")
    if row["high_elsewhere"]:
        said.append(f"{row['high_elsewhere']:,} rows have a high score of another kind")
    return "; ".join(said) or None


def _notes(row: dict[str, int], caution: str | None) -> list[str]:
    highest = f", the highest score is {row['highest_score']:.3g}" if row["highest_score"] is not None else ""
    notes = [f"hides {row['rows']:,} rows of {row['hosts']:,} hosts{highest}"]
    return [*notes, f"CAUTION: {caution}"] if caution else notes
