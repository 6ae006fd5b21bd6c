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
# regular, weighs who else does the same, and says why. What is evil, it does not know.

# %%
import os
from pathlib import Path

import polars as pl

import watchfloor as wf

pl.Config(tbl_rows=30, fmt_str_lengths=120)
demo = Path(os.environ.get("WATCHFLOOR_DEMO", "demo"))

# %%
result = wf.beacons(demo / "zeek")
result

# %% [markdown]
# ## What makes the best one the best?
#
# Each connection of the pair, the time to the next one, its size, and the hours of the day. A steady beat is a level
# line; jitter makes it a band.

# %%
result.picture(1)

# %% [markdown]
# ## Part by part
#
# How regular, how even in size, how sure with so many connections, how few others speak to it.

# %%
pairs = result.collect()
parts = ["regularity", "sizes", "confidence", "solitude"]
pairs.select("rank", "score", "src_ip", "name", "dst_ip", "dst_port", "connections", *parts).head(12)

# %% [markdown]
# ## What is known to be regular?
#
# Time servers beat as exactly as any implant. They are named, ranked apart and never hidden: `unexcused` is the score
# that they would have.

# %%
result["known"]

# %% [markdown]
# ## What would RITA say?
#
# The same day by RITA v5's beacon score, and the place of our best three in it.

# %%
rita = wf.beacons(demo / "zeek", score="rita").collect()
best = pairs.filter(pl.col("score") >= 0.5)
best.join(
    rita.select("src_ip", "dst_ip", "dst_port", rita_rank="rank", rita="score"), on=["src_ip", "dst_ip", "dst_port"]
).select("rank", "rita_rank", "score", "rita", "src_ip", "name", "dst_ip")

# %% [markdown]
# ## What this says
#
# Three machines call addresses that nobody else calls: one every minute, one every five minutes with some jitter, one
# every quarter of an hour with a lot. They are the machines of the intrusion, and nothing else comes near them.
# Updaters follow far below: many machines ask them, and each beats as its neighbours do. RITA ranks clocks and updaters
# higher: regular is not evil.

# %%
{
    "best": [[row["src_ip"], row["dst_ip"]] for row in best.iter_rows(named=True)],
    "periods": [round(value) for value in best["period_seconds"]],
    "time_servers": result["known"].collect().filter(pl.col("known") == "clock").height,
    "next": round(pairs["score"][best.height], 2),
}
