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
# # What did the scanners find, over all hosts?
#
# Forty hosts were scanned with Loki. The logs hold hundreds of hits, nearly all of them harmless. What is on most
# hosts is how the house works; what is on one or two hosts deserves a look.

# %%
import os
from pathlib import Path

import polars as pl

import watchfloor as wf

pl.Config(tbl_rows=30, fmt_str_lengths=120)
demo = Path(os.environ.get("WATCHFLOOR_DEMO", "demo"))

# %%
result = wf.findings(demo / "scans")
result

# %% [markdown]
# ## The rules on the fewest hosts
#
# A host counts once per rule, however many files it has. Rare means: on two hosts at most.

# %%
rare = result["rules"].collect().filter(pl.col("rare"))
rare.select("rule", "hosts", "scanned_hosts", "hits", "max_score")

# %% [markdown]
# ## Where they fired

# %%
where = result.collect().filter(pl.col("rule").is_in(rare["rule"].to_list())).sort("time")
where.select("time", "host", "level", "score", "rule", "path", "sha256")

# %% [markdown]
# ## One file on several of these hosts?
#
# The same content under two names and paths is a lead that no list of paths shows.

# %%
hosts_of_story = where["host"].unique().sort().to_list()
contents = where["sha256"].drop_nulls().unique().to_list()
shared = result["hashes"].collect().filter(pl.col("hash").is_in(contents), pl.col("hosts") > 1)
shared.select("hash", "hosts", "paths", "rules", "max_score", "example_host", "example_path")

# %% [markdown]
# ## Which scans prove less than they seem to?
#
# Silence is no proof where a scan did not finish, had no rules, or looked at a path that does not exist.

# %%
limits = result["scans"].collect()
limits.select("host", "limit", "complete", "why_incomplete", "rules", "remarks")

# %% [markdown]
# ## What this says
#
# Three hosts share the rare findings: a web server with a web shell, and two Windows machines with one and the same
# credential dumper. The rule that fires on most hosts is an administrator's tool. The hosts in the last table have to
# be scanned again before they count as clean.

# %%
{
    "rare_rules": sorted(rare["rule"].unique().to_list()),
    "hosts": hosts_of_story,
    "shared_hashes": shared["hash"].to_list(),
    "hosts_of_most_frequent_rule": result["rules"].collect().select(pl.col("hosts").max()).item(),
    "doubtful_hosts": sorted(limits["host"].to_list()),
}
