"""Beacon scores of 20 M connections in 1.9 M pairs, against their floor, the RITA-J method in pandas, and ClickHouse.

The floor is scan, hash of the pair, sort by pair and time, in Polars. The RITA-J method is that of its notebook: lists
per group, then each formula on each list. ClickHouse gathers RITA's sorted lists per pair and scores nothing. Who has
neither pandas nor chdb (`make bench` installs both) sees what was left out and why.
"""

from __future__ import annotations

import sys
import tempfile
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from common import network
from common.network import sort, table
from common.runs import Took, apart, in_turns, measured
from common.turns import figure

from watchfloor.analyses.beacons import beacons

ROWS = 20_000_000
SCORES = ("watchfloor", "rita")
REPEATS = 3
TIMES = 2.0
"""At most so many times the floor."""
PEAK_MB = 3_000
FASTER = 30.0
"""At least so many times as fast as the notebook's method."""
BESIDE_CLICKHOUSE = 1.2
"""At most so many times ClickHouse's lists."""
LEAST = 20
"""Connections that the notebook wants a group to exceed."""


def score(name: str, folder: Path) -> int:
    """Ours: the whole table of scores."""
    return beacons(table(folder), score=name).collect().height


def notebook(folder: Path) -> int:
    """The method of the RITA-J notebook, on connections: its steps in its order, and no cleverer than it."""
    import numpy as np  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    columns = ["time", "src_ip", "dst_ip", "dst_port", "orig_bytes"]
    rows = pd.read_parquet(folder, columns=columns)
    groups = rows.groupby(["src_ip", "dst_ip", "dst_port"]).agg({"time": list, "orig_bytes": list}).reset_index()
    groups["n"] = groups["time"].map(len)
    groups = groups[groups["n"] > LEAST].copy()
    groups["time"] = groups["time"].map(sorted)
    groups["gaps"] = groups["time"].map(lambda times: pd.Series(times).diff().dt.seconds.dropna().tolist())
    for values, name in (("gaps", "ts"), ("orig_bytes", "ds")):
        for place, percent in (("low", 20), ("middle", 50), ("high", 80)):
            groups[f"{name}_{place}"] = groups[values].map(lambda of, at=percent: np.percentile(np.array(of), at))
        low, middle, high = (groups[f"{name}_{place}"] for place in ("low", "middle", "high"))
        usable = (high != low) & (middle != low) & (middle != high)
        skew = ((low + high - 2 * middle) / (high - low)).where(usable, 0)
        groups[f"{name}_skew"] = 1 - skew.abs()
        groups[f"{name}_mad"] = groups[values].map(lambda of: np.median(np.abs(np.array(of) - np.median(np.array(of)))))
    span = groups["time"].map(lambda times: (times[-1] - times[0]).seconds)
    groups["ts_mad"] = (1 - groups["ts_mad"] / 30).clip(lower=0)
    groups["ds_mad"] = (1 - groups["ds_mad"] / 128).clip(lower=0)
    groups["ts_count"] = (groups["n"] / (span / 90)).clip(upper=1)
    groups["ds_small"] = (1 - groups["ds_middle"] / 8_192).clip(lower=0)
    groups["ts"] = groups[["ts_skew", "ts_mad", "ts_count"]].mean(axis=1)
    groups["ds"] = groups[["ds_skew", "ds_mad", "ds_small"]].mean(axis=1)
    groups["score"] = groups[["ts", "ds"]].mean(axis=1)
    return len(groups.sort_values("score", ascending=False))


def lists(folder: Path) -> int:
    """ClickHouse: RITA's lists of each pair, sorted, computed to the end and thrown away."""
    import chdb  # noqa: PLC0415

    gathered = (
        "SELECT src_ip, dst_ip, count() AS connections, arraySort(groupArray(toUnixTimestamp(time))) AS seconds, "
        "arraySort(groupArray(orig_ip_bytes)) AS sizes, sum(duration_seconds) AS duration, "
        f"sum(orig_ip_bytes + resp_ip_bytes) AS bytes FROM file('{folder}/*.parquet') GROUP BY src_ip, dst_ip"
    )
    summed = f"SELECT sum(length(seconds)), sum(ignore(seconds, sizes, duration, bytes)) FROM ({gathered})"
    return int(str(chdb.query(summed, "CSV")).split(",")[0])


WAYS = {
    "floor": sort,
    **{name: lambda folder, name=name: score(name, folder) for name in SCORES},
    "pandas": notebook,
    "clickhouse": lists,
}
NEEDS = {"pandas": ("pandas", "pyarrow"), "clickhouse": ("chdb",)}
"""Packages that a way needs."""


def check(way: str, found: int) -> None:
    """All was read."""
    if way in ("floor", "clickhouse"):
        assert found == ROWS, found
    else:
        assert 50_000 < found < ROWS * network.PAIRS, found


def compare(took: dict[str, Took]) -> bool:
    """Prints the figures; whether all targets are met."""
    floor, met = took["floor"], []
    for name in SCORES:
        ours, title = took[name], f"Beacon score {name}, {ROWS:,} connections"
        for what, one, other in (("wall time", ours.wall, floor.wall), ("CPU time", ours.cpu, floor.cpu)):
            beside = f"{one:.1f} s, floor {other:.1f} s, medians of {REPEATS}"
            met.append(figure(f"{title}, {what}", one / other, "times the floor", TIMES, beside))
        met.append(figure(f"{title}, peak memory", ours.peak, "MB", PEAK_MB, f"floor {floor.peak:.0f} MB"))
        if slow := took.get("pandas"):
            beside = f"{slow.wall:.0f} s and {slow.peak:,.0f} MB, once, against {ours.wall:.1f} s"
            what = "wall time of the RITA-J method in pandas"
            met.append(figure(f"{title}, {what}", slow.wall / ours.wall, "times ours", None, beside, least=FASTER))
        if lists := took.get("clickhouse"):
            for what, one, other in (("wall time", ours.wall, lists.wall), ("CPU time", ours.cpu, lists.cpu)):
                beside = f"{one:.1f} s against {other:.1f} s and {lists.peak:,.0f} MB"
                title_of = f"{title}, {what} against ClickHouse's lists"
                met.append(figure(title_of, one / other, "times theirs", BESIDE_CLICKHOUSE, beside))
    return all(met)


def main() -> int:
    if len(sys.argv) == 3:
        way, path = sys.argv[1], Path(sys.argv[2])
        if way == "make":
            network.make(path, ROWS)
        else:
            for package in NEEDS.get(way, ()):  # an import is no part of the method
                import_module(package)
            check(way, measured(WAYS[way], path))
        return 0
    repeats = {way: 1 if way == "pandas" else REPEATS for way in WAYS}
    for way, packages in NEEDS.items():
        if missing := [name for name in packages if find_spec(name) is None]:
            print(f"      left out: {way}, as {' and '.join(missing)} is not installed", flush=True)
            del repeats[way]
    with tempfile.TemporaryDirectory() as folder:
        apart(__file__, "make", Path(folder))
        return int(not compare(in_turns(__file__, Path(folder), repeats)))


if __name__ == "__main__":
    sys.exit(main())
