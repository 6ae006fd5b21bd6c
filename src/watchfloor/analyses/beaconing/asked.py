"""What clients say when they call: names, signatures (user agent, JA4, JA3), and what is told of certificates."""

from __future__ import annotations

import polars as pl

from watchfloor.analyses.beaconing import context
from watchfloor.analyses.beaconing.names import plain_name

__all__ = ["SELF_SIGNED", "asked", "evidence", "names_of_pairs", "of_known_names"]

_SCHEMA = {
    "src_ip": pl.String,
    "dst_ip": pl.String,
    "name": pl.String,
    "signature": pl.String,
    "certificate": pl.String,
    "times": pl.Int64,
}
_GOOD = ("ok", "valid", "true", "")
"""What sensors say of a certificate that is in order."""
SELF_SIGNED = "self"
"""How the words begin that sensors have for a certificate that its owner signed."""
_EVIDENCE = {"signature": pl.String, "signature_hosts": pl.Int64, "certificate": pl.String}


def asked(requests: pl.LazyFrame | None, sessions: pl.LazyFrame | None) -> pl.DataFrame | None:
    """How often each client said what to whom: `src_ip, dst_ip, name, signature, certificate, times`.

    Null where there is neither table. A certificate is in words, null where nothing is wrong with it.
    """
    parts = []
    if requests is not None:
        parts.append(
            requests.select(
                "src_ip",
                "dst_ip",
                name=plain_name("host"),
                signature=pl.format("user agent {}", pl.col("user_agent").str.slice(0, _LONGEST)),
                wrong=pl.lit(None, pl.String),
                fields=pl.lit(None, pl.String),
            )
        )
    if sessions is not None:
        parts.append(
            sessions.select(
                "src_ip",
                "dst_ip",
                name=plain_name("server_name"),
                signature=pl.coalesce(pl.format("JA4 {}", "ja4"), pl.format("JA3 {}", "ja3")),
                wrong=_wrong(),
                fields="fields",
            )
        )
    if not parts:
        return None
    counted = (
        pl.concat(parts)
        .group_by("src_ip", "dst_ip", "name", "signature")
        .agg(pl.col("wrong", "fields").drop_nulls().first(), times=pl.len().cast(pl.Int64))
        .with_columns(certificate=_certificate())
    )
    return counted.select(pl.col(name).cast(kind) for name, kind in _SCHEMA.items()).collect(engine="streaming")


_LONGEST = 200
"""Characters of a user agent that are told."""


def _wrong() -> pl.Expr:
    """What the sensor says against a certificate."""
    validation = pl.col("validation").str.to_lowercase()
    return pl.when(~validation.is_in(_GOOD)).then(validation)


def _certificate() -> pl.Expr:
    """What is wrong with a certificate, and who issued it, as far as the log says so."""
    fields = pl.col("fields")
    subject = _field(fields, "subject", "certificate_subject")
    issuer = _field(fields, "issuer", "issuerdn", "certificate_issuer")
    said = pl.coalesce("wrong", pl.when(issuer == subject).then(pl.lit("self-signed")))
    return pl.concat_str(said, pl.format(", issued by {}", issuer.str.slice(0, _LONGEST)).fill_null(""))


def _field(fields: pl.Expr, *names: str) -> pl.Expr:
    """The first of the texts of a JSON object under these names; null where it has none of them."""
    found = (fields.str.extract(rf'"{name}": ?"((?:[^"\\]|\\.)*)"') for name in names)
    return pl.coalesce(pl.when(value != "").then(value) for value in found)


def names_of_pairs(said: pl.DataFrame | None) -> pl.DataFrame | None:
    """One row per pair of addresses: `name`, the one it was asked for by most often."""
    if said is None:
        return None
    return (
        said.lazy()
        .filter(pl.col("name").is_not_null())
        .group_by("src_ip", "dst_ip", "name")
        .agg(pl.col("times").sum())
        .sort(pl.col("times"), "name", descending=[True, False])
        .group_by("src_ip", "dst_ip", maintain_order=True)
        .agg(pl.col("name").first())
        .collect()
    )


def of_known_names(said: pl.DataFrame | None) -> pl.DataFrame | None:
    """One row per pair of addresses of which every name that was asked for is on the shipped list: `known_name` and
    `name_weight`, the highest.

    A name is what the client says: where a certificate is self-signed, the name is not believed.
    """
    if said is None:
        return None
    texts = said.filter(pl.col("name").is_not_null())["name"].unique()
    listed = context.of_names(texts).with_columns(name=texts)
    return (
        said.lazy()
        .filter(pl.col("name").is_not_null())
        .join(listed.lazy(), on="name", how="left")
        .sort("name")
        .group_by("src_ip", "dst_ip", maintain_order=True)
        .agg(
            known_name=pl.col("what").first(),
            name_weight=pl.col("weight").max(),
            believed=pl.col("what").is_not_null().all() & ~pl.col("certificate").str.starts_with(SELF_SIGNED).any(),
        )
        .filter("believed")
        .drop("believed")
        .collect()
    )


def evidence(rows: pl.DataFrame, said: pl.DataFrame | None, by: str) -> pl.DataFrame:
    """The rows with `signature`: the one that fewest hosts use, `signature_hosts`: how many, and `certificate`.

    Arguments:
        rows: `src_ip, dst_ip, name`.
        said: as `asked` gives it.
        by: `pair`, `name` or `port`: what a row is.
    """
    if said is None:
        return rows.with_columns(pl.lit(None, kind).alias(name) for name, kind in _EVIDENCE.items())
    users = (
        said.lazy()
        .filter(pl.col("signature").is_not_null())
        .group_by("signature")
        .agg(signature_hosts=pl.col("src_ip").n_unique().cast(pl.Int64))
    )
    target = pl.coalesce("name", "dst_ip") if by == "name" else pl.col("dst_ip")
    key = ["src_ip", "target"]
    of_target = (
        said.lazy()
        .with_columns(target=target)
        .join(users, on="signature", how="left")
        .sort("signature_hosts", pl.col("times").neg(), "signature", "certificate", nulls_last=True)
        .group_by(key, maintain_order=True)
        .agg(
            pl.col("signature", "signature_hosts").first(),
            pl.col("certificate").drop_nulls().first(),
        )
    )
    joined = rows.lazy().with_columns(target=target).join(of_target, on=key, how="left", maintain_order="left")
    return joined.drop("target").collect()
