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
# # Which rules are noise?
#
# Thirty days of offenses of two clients. A rule is not noise because it fires often, but because its alerts come to
# nothing. And often it is not the rule: it is one address.

# %%
import os
from pathlib import Path

import polars as pl

import watchfloor as wf

pl.Config(tbl_rows=30, fmt_str_lengths=120)
demo = Path(os.environ.get("WATCHFLOOR_DEMO", "demo"))

# %%
result = wf.noise(demo / "qradar")
result

# %% [markdown]
# ## Can the labels be trusted?
#
# Before any rate: how many labels may be no verdict, because nobody gave a reason, one name closes everything for
# one reason, many were closed in one second, or no person closed them. A robot closed a quarter of these alerts:
# `result["without_doubts"]` is what people judged.

# %%
result["labels"].collect()

# %% [markdown]
# ## What does each rule cost?
#
# Wasted alerts were judged to be nothing, or are expected to. `cumulative_share` says how much of the waste the first
# rules hold. Precision is true positives over true, false and benign positives, with its interval; the trusted one
# leaves the doubtful labels out. `reading` says all of it in words.

# %%
rules = result.collect()
rules.select(
    "rule", "alerts", "wasted_alerts", "cumulative_share", "precision", "precision_low", "precision_high", "judged",
    "doubtful", "trusted_precision",
).head(10)  # fmt: skip

# %% [markdown]
# ## Who is behind the loudest rule?
#
# `share` is of the rule's alerts; `lift` compares with all other alerts.

# %%
loudest = rules["rule"][0]
evidence = result["evidence"].collect().filter(pl.col("rule") == loudest)
evidence.select("field", "value", "alerts", "share", "lift").sort("alerts", descending=True).head(8)

# %% [markdown]
# ## Which rules earn their place?
#
# Precise ones, whatever their volume.

# %%
precise = rules.filter(pl.col("precision").is_not_null()).sort("precision", descending=True)
precise.select("rule", "alerts", "precision", "precision_low", "precision_high", "escalated").head(5)

# %% [markdown]
# ## What changes?
#
# Trends compare halves of the month. `result["changes"]` names the day on which a level changed, `result["silent"]`
# the rules that stopped, `result["together"]` those that see one thing twice, `result["bursts"]` what came at once.
# None is an answer too. `result["rule_days"].explore()` draws each rule by its own busiest day,
# `result["client_rules"]` says how differently the two clients' networks speak.

# %%
moving = rules.filter(pl.col("trend").is_in(["rising", "falling"]))
moving.select("rule", "alerts", "trend", "trend_ratio", "trend_low", "trend_high")

# %% [markdown]
# ## What this says
#
# The loudest rule is loud because of one address, the vulnerability scanner: leave it out of this one rule, at the
# hours of its scans, and most of the noise is gone without losing a true positive. The rule for credential dumping is
# small and right nearly always: it should page somebody. The rising rules deserve a look before they are next
# month's noise.

# %%
address = evidence.filter(pl.col("field").is_in(["src_ip", "offense_source"])).sort("alerts", descending=True)
{
    "alerts": int(rules["alerts"].sum()),
    "loudest_rule": loudest,
    "loudest_alerts": int(rules["alerts"][0]),
    "loudest_address": address["value"][0],
    "loudest_address_alerts": int(address["alerts"][0]),
    "most_precise_rule": precise["rule"][0],
    "rising": sorted(rules.filter(pl.col("trend") == "rising")["rule"].to_list()),
}
