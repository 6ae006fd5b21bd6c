# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What else leaves, and how much of it?
#
# Beacons are one way to call home. An open session is another, and names asked of a resolver a third: the firewall
# sees none of it, since each packet is allowed.

# %%
import os
from pathlib import Path

import polars as pl

import watchfloor as wf

pl.Config(tbl_rows=30, fmt_str_lengths=120)
zeek = Path(os.environ.get("WATCHFLOOR_DEMO", "demo")) / "zeek"

# %% [markdown]
# ## Who keeps a line open?

# %%
long = wf.long_connections(zeek)
long

# %% [markdown]
# ## Who speaks through names?
#
# `volume` is what the names could carry, `shape` how unlike names for people they are, `solitude` how few others ask.

# %%
tunnels = wf.dns_tunnels(zeek)
tunnels

# %%
tunnels.picture(1)

# %% [markdown]
# ## Who asks for thousands of names and may?
#
# Reverse look-ups, blocklists and anti-virus do. They are named, and stand after all others.

# %%
rows = tunnels.collect()
rows.filter(pl.col("known").is_not_null()).group_by("known").agg(
    clients=pl.len(), names=pl.col("names").sum(), best=pl.col("score").max()
)

# %% [markdown]
# ## All in one list, as RITA ranks it
#
# One row per threat with its parts and modifiers: what `rita view` shows, and the scores behind it.

# %%
threats = wf.hunt(zeek)
threats.collect().select(
    *("severity", "final_score", "kind", "src_ip", "dst_ip", "name", "beacon_score", "long_connection_score"),
    *("c2_over_dns_score", "modifiers"),
).head(12)

# %% [markdown]
# ## What this says
#
# One machine has had a line open for fourteen hours and still has; one asked for over a thousand different names of one
# domain in three hours, and nobody else ever asked for any. Look at both before the beacons: a shell is open there now.

# %%
{
    "long": long.collect().select("src_ip", "dst_ip").rows(),
    "open": long.collect().filter(pl.col("open_connections") > 0)["src_ip"].to_list(),
    "tunnels": rows.filter(pl.col("known").is_null()).select("src_ip", "domain", "names").rows(),
    "rita_tunnels": threats.collect().filter(pl.col("kind") == "dns")["name"].to_list(),
}
