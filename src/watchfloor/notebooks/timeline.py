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
# # What happened when, across sources with different clocks?
#
# Three logs tell of one night: a Linux server in Paris, whose clock shows the hour from two to three twice, a firewall
# in New York, and a cloud service in UTC. Read as they stand, they tell three stories.

# %%
import os
from pathlib import Path

import polars as pl

import watchfloor as wf

pl.Config(tbl_rows=30, fmt_str_lengths=120)
demo = Path(os.environ.get("WATCHFLOOR_DEMO", "demo"))
clocks = {
    demo / "events" / "linux-paris.log": "Europe/Paris",
    demo / "events" / "firewall-newyork.log": "America/New_York",
    demo / "events" / "cloud-audit.log": None,
}

# %%
result = wf.timeline(clocks, to="Europe/Paris")
result

# %% [markdown]
# ## The night in order
#
# What the investigation knows by now: words and addresses that belong to the intrusion.

# %%
indicators = [
    *("parcel", "203.0.113.77", "203.0.113.140", "203.0.113.201", "10.20.9.33", "m.halloran : USER=root"),
    *("opened session", "for root from", "-> 10.20.6.11:22", "thumb_cache", "-> 10.20.6.17:445"),
    *("contracts", "removed /var/log"),
]
events = result.collect()
story = events.filter(pl.col("message").str.contains_any(indicators))
story.select("time", pl.col("source").str.split("/").list.last(), "message")

# %% [markdown]
# ## How sure is each time?
#
# Lines of the repeated hour are told apart by their order in the file.

# %%
quality = (
    events.group_by(pl.col("source").str.split("/").list.last(), "time_quality").len().sort("source", "time_quality")
)
quality

# %% [markdown]
# ## The same lines without zones
#
# Sorted by what the clocks show, the firewall's whole night comes before the mail that began it, and the lateral
# movement before the logon that made it possible.

# %%
shown = pl.col("time_text").str.extract(r"(\d\d[ T]\d\d:\d\d:\d\d)").str.replace("T", " ")
story.with_columns(shown=shown).sort("shown").select("shown", "host", "message")

# %% [markdown]
# ## What this says
#
# From the mail to the traces that were removed it took three hours. Paris is six hours ahead of New York before the
# change of the clock and five after it: one fixed offset for the whole night gives a wrong order too.

# %%
{
    "events": events.height,
    "story": [[Path(row["source"]).name, row["record"]] for row in story.iter_rows(named=True)],
    "hours": round(story.select((pl.col("time").max() - pl.col("time").min()).dt.total_seconds()).item() / 3600, 2),
    "times_fall_back": bool((events["time"].diff().dt.total_microseconds() < 0).any()),
}
