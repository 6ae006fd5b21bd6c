"""Which extension RITA v5 expects of each MIME type, and how many answers to a name have another one."""

from __future__ import annotations

import polars as pl

__all__ = ["EXTENSIONS", "extension", "mismatches"]

_NONE = """
1d-interleaved-parityfec cache-manifest cql cql-expression cql-identifier csv-schema directory ecmascript encaprtp
enriched example fhirpath flexfec fwdred gff3 grammar-ref-list hl7v2 jcr-cnd mizar n3 parameters parityfec
provenance-notation prs.fallenstein.rst prs.lines.tag prs.prop.logic prs.texi raptorfec RED rfc822-headers rtf
rtp-enc-aescm128 rtploopback rtx SGML shaclc shex spdx strings t140 tab-separated-values troff turtle ulpfec vnd.a
vnd.abc vnd.ascii-art vnd.curl vnd.debian.copyright vnd.DMClientScript vnd.dvb.subtitle vnd.esmertec.theme-descriptor
vnd.exchangeable vnd.familysearch.gedcom vnd.ficlab.flt vnd.fly vnd.fmi.flexstor vnd.gml vnd.graphviz vnd.hans vnd.hgl
vnd.in3d.3dml vnd.in3d.spot vnd.IPTC.NewsML vnd.IPTC.NITF vnd.latex-z vnd.motorola.reflex vnd.ms-mediapackage
vnd.net2phone.commcenter.command vnd.radisys.msml-basic-layout vnd.senx.warpscript vnd.si.uricatalogue
vnd.sun.j2me.app-descriptor vnd.sosi vnd.trolltech.linguist vnd.wap.si vnd.wap.sl vnd.wap.wml vnd.wap.wmlscript vtt
wgsl
"""
"""Text types that IANA's registry names without an extension."""

EXTENSIONS = {f"text/{name}": "" for name in _NONE.split()} | {
    "text/calendar": "ics",
    "text/css": "css",
    "text/csv": "csv",
    "text/dns": "soa",
    "text/html": "html",
    "text/javascript": "js",
    "text/markdown": "md",
    "text/plain": "txt",
    "text/uri-list": "uris",
    "text/vcard": "ifb",  # IANA says vcf; RITA takes what its list says first
    "text/xml": "xml",
    "text/xml-external-parsed-entity": "xml",
    "application/xml": "xml",
}
"""One extension per type, the first that RITA knows: its join keeps one. So /main.js as text/plain is a mismatch, and
every page without an extension: most of what this counts is noise."""

_PATH = r"^(?:[A-Za-z][A-Za-z0-9+.-]*:)?(?://[^/?#]*)?([^?#]*)"


def extension(url: pl.Expr) -> pl.Expr:
    """What follows the last dot of the last part of the path; empty without one, or where the path ends in a dot."""
    path = url.str.extract(_PATH).fill_null("")
    last = path.str.split("/").list.last()
    has = last.str.contains(".", literal=True) & ~path.str.ends_with(".")
    return pl.when(has).then(last.str.split(".").list.last()).otherwise(pl.lit(""))


def mismatches(names: pl.DataFrame) -> pl.DataFrame:
    """One row per `key`: `mismatches`, the MIME types of answers that do not fit the extension asked for.

    Arguments:
        names: `key, url, mime_type` (several joined by comma); a request for `/` alone does not count.
    """
    return (
        names.lazy()
        .filter(pl.col("mime_type").is_not_null(), pl.col("url").cast(pl.String).fill_null("") != "/")
        .select("key", found=extension(pl.col("url").cast(pl.String)), mime_type=pl.col("mime_type").str.split(","))
        .explode("mime_type")
        .with_columns(
            wanted=pl.col("mime_type")
            .str.strip_chars()
            .replace_strict(EXTENSIONS, default=None, return_dtype=pl.String)
        )
        .filter(pl.col("wanted").is_not_null(), pl.col("found") != pl.col("wanted"))
        .group_by("key")
        .agg(mismatches=pl.len().cast(pl.Int64))
        .collect()
    )
