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
# # How is the SOC doing?
#
# A month of two clients: volumes, verdicts, escalations, and how long it takes. Open cases are counted, not left out:
# a mean over closed tickets looks best when nobody closes the hard ones.

# %%
import os
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

import watchfloor as wf

pl.Config(tbl_rows=30, fmt_str_lengths=120)
demo = Path(os.environ.get("WATCHFLOOR_DEMO", "demo"))

# %%
result = wf.kpis(
    demo / "qradar",
    tags=demo / "tags.toml",
    as_of=datetime(2025, 10, 31, tzinfo=UTC),
    zone_of_days="Europe/Paris",
)
result

# %% [markdown]
# ## What is it about?
#
# Tags by words; the row without a tag is the untagged rest.

# %%
result["tags"].collect().select("tag", "alerts", "share", "open", "true_positive", "false_positive")

# %% [markdown]
# ## Why were they closed, and by whom?

# %%
result["closing_reasons"].collect().select("closing_reason", "alerts", "share", "closers")

# %% [markdown]
# ## How long does it take?
#
# By Kaplan and Meier, who count what is still open as longer than so far; beside it the median of the closed alone.

# %%
times = result["time_to_close"].collect().filter(pl.col("by") == "client")
in_hours = (pl.col("median_seconds", "finished_median_seconds", "p90_seconds") / 3600).name.replace("seconds", "hours")
times.select("group", "alerts", "done", "running", in_hours)

# %% [markdown]
# ## Does it keep up?

# %%
days = result["per_day"].collect()
days.tail(7)

# %% [markdown]
# ## What this says
#
# For most of the month the SOC closed what came in. In the last days it did not: the backlog grows, and with it the
# distance between the two medians. Look at the open cases of these days before the next report; the figures of the
# closed ones will not show them.

# %%
figures = dict(result.collect().select("figure", "value").iter_rows())
{
    "alerts": int(figures["alerts"]),
    "closed": int(figures["closed"]),
    "open": int(figures["open"]),
    "escalated": int(figures["escalated"]),
    "alerts_by_client": dict(sorted(result["clients"].collect().select("client", "alerts").iter_rows())),
    "most_frequent_reason": result["closing_reasons"].collect()["closing_reason"][0],
    "backlog_at_the_end": int(days["backlog"][-1]),
}
