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
# # What exactly should be tuned, and what would it cost us?
#
# The rule that fires most is rarely the one to switch off. Usually it is one address, one account or one desk behind
# it; and sometimes the noisiest account is the attacker. So each proposal names its alerts, and proves what it would
# hide.

# %%
import json
import os
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

import watchfloor as wf
from watchfloor.reports.exclusions import entries_of, write_all

pl.Config(tbl_rows=30, fmt_str_lengths=120)
demo = Path(os.environ.get("WATCHFLOOR_DEMO", "demo"))

# %%
result = wf.tune(demo / "qradar")
result

# %% [markdown]
# ## What stands behind each rule?
#
# One mark per address, user or host: how far to the right is its share of the rule's alerts, how large how many they
# are. The one that stands out is the candidate; the colour says whether it may go.

# %%
result["evidence"]

# %% [markdown]
# ## Where to stop?
#
# Each point is one exclusion more. Every exclusion has to be reviewed when it ends: the curve says what it brings.

# %%
result["curve"]

# %% [markdown]
# ## What would it hide?
#
# Three alerts that the first row removes, and the three nearest that it keeps. Read them before you agree.

# %%
result.picture(1).collect().select("what", "alert_id", "created_time", "evidence", "shared")

# %% [markdown]
# ## What is left alone, and why?
#
# What looks like noise and is not to be excluded. An address with one true incident; a user who is noisy for two days.

# %%
why_not = result["why_not"].collect()
why_not.filter(pl.col("conditions").str.contains(" = ")).head(8)

# %% [markdown]
# ## Does it hold?
#
# Learned on the first half of the month, put into force in its middle, and tested on what followed. On the command
# line: `watchfloor tune --artifacts tuning/`, and some weeks later `watchfloor tune --check tuning/exclusions.toml`.

# %%
first_half = wf.tune(demo / "qradar", learn_until=datetime(2025, 10, 16, tzinfo=UTC))
in_force = entries_of(first_half, owner="Detection team", created=date(2025, 10, 16), expiry_days=90)
write_all(in_force, demo / "tuning")
check = wf.recheck(demo / "qradar", demo / "tuning" / "exclusions.toml")
check

# %% [markdown]
# ## What this says
#
# Three exclusions, each of one rule and one source, take a third of the useless work: the vulnerability scanner, a
# service account with an old password, the help desk's own machine. None of their alerts was true, and `upper_bound`
# says how many might be all the same. Put them into force with an owner and an end, and check them again: an exclusion
# that fits today hides tomorrow's attack if it comes from the same address.

# %%
table = result.collect().filter((pl.col("remedy") == "exclude") & pl.col("recommended"))
{
    "exclusions": {
        rule: [[one["value"] for one in json.loads(conditions)], removed]
        for rule, conditions, removed in table.select("rule", "conditions", "removed_past").iter_rows()
    },
    "cases_hidden": int(table["cases_hidden_fully"].sum()),
    "in_force": sorted(check.collect().filter(pl.col("status") == "in force")["rule"].to_list()),
    "stands_out_and_stays": why_not.filter(pl.col("true") == 1)["conditions"].to_list(),
}
