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
# # Who is calling home?
#
# A day of Zeek logs. Implants ask for orders at regular times; so do clocks and updaters. The score finds what is
# regular. What is evil, it does not know.

# %%
import os
from pathlib import Path

import polars as pl

import watchfloor as wf

pl.Config(tbl_rows=30, fmt_str_lengths=120)
demo = Path(os.environ.get("WATCHFLOOR_DEMO", "demo"))

# %%
result = wf.beacons(demo / "zeek", score="rita")
result

# %% [markdown]
# ## The best pairs, part by part
#
# Each of the four parts makes a quarter of the score: times, sizes, duration, histogram.

# %%
pairs = result.collect()
parts = ["ts_score", "ds_score", "dur_score", "hist_score"]
pairs.select("rank", "score", "src_ip", "dst_ip", "dst_port", "connections", *parts, "why").head(20)

# %% [markdown]
# ## What is known to be regular
#
# Time servers are asked on port 123. Update services have names that say so, and several machines ask them.

# %%
tls = wf.read(demo / "zeek" / "ssl.log")["tls_sessions"].select("dst_ip", "server_name").unique().collect()
updates = tls.filter(pl.col("server_name").str.contains("^(updates|definitions)"))["dst_ip"].to_list()
left = pairs.filter(pl.col("dst_port") != 123, ~pl.col("dst_ip").is_in(updates), pl.col("score") >= 0.8)
left.select("score", "src_ip", "dst_ip", "dst_port", "connections", "interval_seconds", "interval_mad_seconds")

# %% [markdown]
# ## What are they called?

# %%
http = wf.read(demo / "zeek" / "http.log")["http_requests"].select("dst_ip", server_name="host").unique().collect()
names = pl.concat([tls, http]).unique()
left.join(names, on="dst_ip", how="left").select("src_ip", "dst_ip", "server_name", "score", "why")

# %% [markdown]
# ## What this says
#
# Three machines call addresses that nobody else calls: one every minute, one every five minutes with some jitter, one
# every quarter of an hour with a lot. They are the machines of the intrusion. The score ranks time servers higher:
# regular is not evil, and a list of what is known to be regular is half of the hunt.

# %%
{
    "best": [[row["src_ip"], row["dst_ip"]] for row in left.iter_rows(named=True)],
    "intervals": [round(value) for value in left["interval_seconds"]],
    "time_servers": pairs.filter(pl.col("dst_port") == 123, pl.col("score") >= 0.8).height,
    "updaters": pairs.filter(pl.col("dst_ip").is_in(updates)).height,
    "pairs": pairs.height,
}
