"""RITA v5 value by value, as the reference words it: the judge of what the analyses compute for all pairs at once.

Plain Python on dicts, slow, and written apart from the analyses.
"""

from __future__ import annotations

import ipaddress
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from itertools import pairwise
from statistics import median
from typing import Any

from watchfloor.analyses.rita.config import IMPACTS, RitaConfig, Thresholds
from watchfloor.analyses.rita.mime import EXTENSIONS
from watchfloor.analyses.rita.scores import Window

Row = dict[str, Any]


def by_the_book(calls: list[tuple[int, int]], window: Window, config: RitaConfig) -> dict[str, float] | None:
    """The scores of one pair, value by value, as the reference words them."""
    seconds = sorted(second for second, _ in calls)
    gaps = [later - earlier for earlier, later in pairwise(seconds) if later > earlier]
    if len(set(seconds)) < 4:
        return None
    edges = [window.start + number * ((window.end - window.start) / 24) for number in range(24)]
    bars = [0] * 24
    for second in seconds:
        bars[max(sum(edge <= second for edge in edges) - 1, 0)] += 1
    total, mean = sum(bar > 0 for bar in bars), sum(bars) / 24
    run = max(len(part) for part in "".join("x" if bar else " " for bar in bars * 2).split())
    variation = math.sqrt(sum((bar - mean) ** 2 for bar in bars) / 24) / mean
    step = math.ceil(max(bars) * 0.05)
    commonest = sum(count for _, count in Counter(bar // step * step for bar in bars if bar).most_common(2))
    fit = min(1.0, half_up(commonest / max(total - 1, 1))) if total >= 11 else 0.0
    parts = {
        "ts_score": of_values(gaps, 1.0),
        "ds_score": of_values([size for _, size in calls], 0.0),
        "dur_score": max(
            min(1.0, math.ceil((seconds[-1] - seconds[0]) / (window.end - window.start) * 1000) / 1000),
            min(1.0, math.ceil(min(run, 24) / 12 * 1000) / 1000),
        )
        if total >= 6
        else 0.0,
        "hist_score": max(0.0 if variation > 1 else half_up(1 - variation), fit),
    }
    ts, ds, dur, hist = parts.values()
    return parts | {"beacon_score": half_up(ts * 0.25 + ds * 0.25 + dur * 0.25 + hist * 0.25)}


def of_values(values: list[int], default: float) -> float:
    values, half = sorted(values), len(values) // 2
    low, middle, high = median(values[:half]), median(values), median(values[len(values) - half :])
    skewed = high - low >= 10 and middle not in (low, high)
    skew = (low + high - 2 * middle) / (high - low) if skewed else 0.0
    spread = median([abs(value - middle) for value in values])
    regular = max(0.0, (middle - spread) / middle) if middle >= 1 else default
    return half_up((1 - abs(skew) + regular) / 2)


def half_up(value: float) -> float:
    return math.floor(value * 1000 + 0.5) / 1000


def worth(value: float, limits: Thresholds) -> float:
    """Section 1.12."""
    if value < limits.base:
        return 0.0
    steps = [(limits.base, limits.low, 0.2), (limits.low, limits.medium, 0.4), (limits.medium, limits.high, 0.6)]
    for floor, ceiling, least in steps:
        if value < ceiling:
            return least + 0.2 * (value - floor) / (ceiling - floor)
    return 0.8


class Filters:
    """Section 1.16."""

    def __init__(self, config: RitaConfig) -> None:
        self.config = config

    def _in(self, address: str, subnets: Iterable[str]) -> bool:
        return any(ipaddress.ip_address(address) in ipaddress.ip_network(subnet) for subnet in subnets)

    def inside(self, address: str) -> bool:
        return self._in(address, self.config.internal_subnets)

    def listed(self, addresses: Iterable[str]) -> bool | None:
        """True: kept. False: dropped. None: the subnets decide."""
        addresses = list(addresses)
        if any(self._in(address, self.config.always_included_subnets) for address in addresses):
            return True
        never = self.config.never_included_subnets
        never += ("127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "0.0.0.0/32", "255.255.255.255/32")
        return False if any(self._in(address, never) for address in addresses) else None

    def drops_pair(self, source: str, destination: str, *, dns: bool = False) -> bool:
        if (said := self.listed([source, destination])) is not None:
            return not said
        ways = (self.inside(source), self.inside(destination))
        if ways == (True, True):
            return not dns
        return ways == (False, False) or (ways == (False, True) and self.config.filter_external_to_internal)

    def drops_link(self, source: str, destination: str) -> bool:
        if (said := self.listed([source, destination])) is not None:
            return not said
        return not self.inside(source) and not self.inside(destination)

    def drops_name(self, name: str) -> bool:
        def has(domains: Iterable[str]) -> bool:
            return any(
                name == domain.removeprefix("*.") or (domain.startswith("*.") and name.endswith(domain[1:]))
                for domain in domains
            )

        return not has(self.config.always_included_domains) and has(self.config.never_included_domains)

    def drops_request(self, row: Row) -> bool:
        if self.drops_name(row["host"]):
            return True
        if row["method"] == "CONNECT":
            literal = row["host"].replace(".", "").isdigit()
            return self.listed([row["src"]]) is False or (
                literal and self.inside(row["dst"]) and self.drops_pair(row["src"], row["host"])
            )
        return self.drops_pair(row["src"], row["dst"]) or (not self.inside(row["src"]) and row["host"] != "")

    def drops_session(self, row: Row) -> bool:
        return (
            not row["name"]
            or self.drops_name(row["name"])
            or self.drops_pair(row["src"], row["dst"])
            or not self.inside(row["src"])
        )


class Book:
    """The data base of one import after another, and what a view of it shows."""

    def __init__(
        self,
        config: RitaConfig,
        domain_of: Callable[[str], str],
        intel: Iterable[str] = (),
        present: float | None = None,
    ) -> None:
        self.config, self.filters, self.intel = config, Filters(config), set(intel)
        self.domain_of, self.present = domain_of, present
        self.conn: list[Row] = []
        self.names: list[Row] = []
        self.dns: list[Row] = []
        self.open_conn: list[Row] = []
        self.open_names: list[Row] = []
        self.found: dict[tuple[str, str, str], Row] = {}

    def view(self) -> dict[tuple[str, str, str], Row]:
        since = hour(self.true[0])
        return {key: row for key, row in self.found.items() if hour(row["last"]) >= since}

    def take(self, conns: list[Row], requests: list[Row], sessions: list[Row], queries: list[Row]) -> None:
        """One import: sections 1.4, 1.17."""
        linkable = [row for row in conns if not self.filters.drops_link(row["src"], row["dst"])]
        new: dict[bool, tuple[list[Row], list[Row]]] = {}
        for is_open in (False, True):
            here = [row for row in linkable if row["open"] == is_open]
            kept = [
                row | {"missing": False, "ua": None}
                for row in here
                if not self.filters.drops_pair(row["src"], row["dst"])
            ]
            names: list[Row] = []
            of_uid: dict[str, list[Row]] = defaultdict(list)
            for row in requests:
                if row["open"] == is_open and not self.filters.drops_request(row):
                    of_uid[row["uid"]].append(row)
            for uid, asked in of_uid.items():
                asked.sort(key=lambda row: (-int(row["time"]), row["host"], row["dst"]))
                for place, row in enumerate(asked[:20]):
                    for conn in (conn for conn in here if conn["uid"] == uid):
                        link = {"time": conn["time"], "counted": place == 0, "port": conn["port"]}
                        link |= {k: conn[k] if place == 0 else 0 for k in ("duration", "sent", "received")}
                        if row["host"]:
                            names.append(row | link | {"name": row["host"], "sign": row["ua"], "http": True})
                        elif not self.filters.drops_pair(row["src"], row["dst"]):
                            kept.append(row | link | {"missing": True, "duration": 0, "sent": 0, "received": 0})
            for row in sessions:
                if row["open"] == is_open and not self.filters.drops_session(row):
                    for conn in (conn for conn in here if conn["uid"] == row["uid"]):
                        link = {k: conn[k] for k in ("time", "duration", "sent", "received", "port")}
                        names.append(row | link | {"counted": True, "method": "", "sign": row["ja3"], "http": False})
            new[is_open] = kept, names
        new_dns = [
            row | {"domain": self.domain_of(row["name"])}
            for row in queries
            if "." in row["name"]
            and not self.filters.drops_name(row["name"])
            and not self.filters.drops_pair(row["src"], row["dst"], dns=True)
        ]
        self.conn += new[False][0]
        self.names += new[False][1]
        self.dns += new_dns
        self.open_conn, self.open_names = new[True]
        self.ever_open = [*getattr(self, "ever_open", []), *self.open_conn, *self.open_names]
        beacon = [int(row["time"]) for row in self.conn]
        beacon += [int(row["time"]) for row in self.names if row["method"] == "CONNECT"]
        self.ends = [*getattr(self, "ends", []), *(int(row["time"]) for row in self.open_conn)]
        self.ends += [int(row["time"]) for row in self.open_names if row["method"] == "CONNECT"]
        every = beacon + self.ends + [hour(row["time"]) for row in self.dns]
        if not every:
            return
        self.true = (max(min(every), max(every) - 86_400), max(every))
        self.beacon = (max(min(beacon), max(beacon) - 86_400), max(beacon)) if beacon else None
        self._analyse(*new[False], new_dns)

    def _analyse(self, new_conn: list[Row], new_names: list[Row], new_dns: list[Row]) -> None:
        beacon_since, true_since = hour(self.beacon[0]) if self.beacon else 0, hour(self.true[0])
        conn = [row for row in self.conn if hour(row["time"]) >= beacon_since]
        names = [row for row in self.names if row["counted"] and hour(row["time"]) >= beacon_since]
        inside = self.filters.inside
        self.size = self._network_size(true_since)
        met = {
            "ip": {(outer(row, inside), inner(row, inside)) for row in conn + self.open_conn},
            "sni": {
                (row["name"], row[end])
                for row in names + self.open_names + [q for q in self.dns if hour(q["time"]) >= beacon_since]
                for end in ("src", "dst")
                if inside(row[end])
            },
        }
        self._pairs("sni", names, self.open_names, {(r["src"], r["name"]) for r in new_names + self.open_names}, met)
        shown = self._not_explained(names, new_conn, new_names)
        self._pairs("ip", conn, self.open_conn, shown, met)
        self._domains(true_since, {row["domain"] for row in new_dns})

    def _network_size(self, since: int) -> int:
        late = [row for row in self.conn if hour(row["time"]) >= since] + self.open_conn
        late += [r for r in self.names if hour(r["time"]) >= since and r["http"] and r["counted"]]
        late += [r for r in self.open_names if r["http"]]
        late += [row for row in self.dns if hour(row["time"]) >= since]
        return len({row[end] for row in late for end in ("src", "dst") if self.filters.inside(row[end])})

    def _not_explained(self, names: list[Row], new_conn: list[Row], new_names: list[Row]) -> set[tuple[str, str]]:
        """Pairs of addresses of this import with no uid of a name that qualifies."""
        of_name: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in names:
            of_name[row["src"], row["name"]].append(row)
        uids = {row["uid"] for row in self.open_names}
        for row in new_names:
            calls = of_name.get((row["src"], row["name"]), [])
            seconds = len({int(call["time"]) for call in calls})
            if (seconds >= self.config.unique_connection_threshold and len(calls) < 86_400) or sum(
                call["duration"] for call in calls
            ) >= self.config.long_connection_score_thresholds.base:
                uids.add(row["uid"])
        shown = set()
        for rows in (new_conn, self.open_conn):
            pairs = {(row["src"], row["dst"]) for row in rows}
            shown |= pairs - {(row["src"], row["dst"]) for row in rows if row["uid"] in uids}
        return shown

    def _pairs(
        self, kind: str, closed: list[Row], still_open: list[Row], shown: set[tuple[str, str]], met: dict[str, Any]
    ) -> None:
        other = "dst" if kind == "ip" else "name"
        for key in shown:
            mine, opened = ([row for row in rows if (row["src"], row[other]) == key] for rows in (closed, still_open))
            if mine or opened:
                self._pair(kind, key, mine, opened, met[kind])

    def _pair(self, kind: str, key: tuple[str, str], closed: list[Row], opened: list[Row], met: set[Any]) -> None:
        calls = [row for row in closed if not row.get("missing")]
        seconds = len({int(row["time"]) for row in closed})
        if kind == "sni":
            sides = [{int(r["time"]) for r in closed if (r["method"] == "CONNECT") == side} for side in (True, False)]
            seconds = max(map(len, sides))
        scores: dict[str, float] = {}
        if self.beacon and seconds >= self.config.unique_connection_threshold and len(calls) < 86_400:
            found = by_the_book([(int(row["time"]), row["sent"]) for row in calls], Window(*self.beacon), self.config)
            if found is None:
                return
            scores = found
        duration = sum(row["duration"] for row in calls + opened)
        long = duration >= self.config.long_connection_score_thresholds.base
        if not scores and not long:
            return
        inside = self.filters.inside
        outside = outer({"src": key[0], "dst": key[1]}, inside) if kind == "ip" else key[1]
        times, open_times = ([int(row["time"]) for row in rows] for rows in (closed, opened))
        if kind == "ip":  # the slip of section 1.17
            first = min([*times, max(open_times)] if open_times else times)
            last = max([*times, min(open_times)] if open_times else times)
        else:
            first, last = min(times + open_times), max(times + open_times)
        total = sum(row["sent"] + row["received"] for row in calls + opened)
        bad = outside in self.intel
        row = {
            "connections": len(calls),
            "seconds": seconds,
            **{name: scores.get(name) for name in ("ts_score", "ds_score", "dur_score", "hist_score")},
            "beacon_score": scores.get("beacon_score", 0.0),
            "duration": duration,
            "total_bytes": total,
            "missing": sum(bool(r.get("missing")) for r in closed + opened),
            "threat_intel": bad,
            "prevalence": sum(name == outside for name, _ in met) / self.size,
            "first": first,
            "last": last,
        }
        limits = self.config.long_connection_score_thresholds
        base = max(
            worth(row["beacon_score"] * 100, self.config.score_thresholds),
            worth(duration, limits) if long else 0.0,
            IMPACTS[self.config.threat_intel_impact] if bad else 0.0,
        )
        added = self.config.missing_host_count_score_increase * (row["missing"] > 0)
        added += self.config.threat_intel_score_increase * (
            bad and total >= self.config.threat_intel_datasize_threshold
        )
        added += self.config.rare_signature_score_increase * self._rare(kind, key)
        added += self.config.mime_type_mismatch_score_increase * (kind == "sni" and self._wrong_types(key))
        ever = self._ever(kind, outside)
        self._keep((kind, *key), row, base + added + self._common(row, ever))

    def _common(self, row: Row, ever: int) -> float:
        """Prevalence and first seen."""
        config, added = self.config, 0.0
        if row["prevalence"] <= config.prevalence_increase_threshold:
            added += config.prevalence_score_increase
        elif row["prevalence"] >= config.prevalence_decrease_threshold:
            added -= config.prevalence_score_decrease
        if self.present is not None:
            now = self.true[1]
            if self.present - now <= 86_400:
                row["first"], now = min(row["first"], ever), self.present
            days = (now - row["first"]) / 86_400
            if days <= config.first_seen_increase_threshold:
                added += config.first_seen_score_increase
            elif days >= config.first_seen_decrease_threshold:
                added -= config.first_seen_score_decrease
        return added

    def _ever(self, kind: str, outside: str) -> int:
        if kind == "ip":
            times = [
                r["time"]
                for r in self.conn + [r for r in self.ever_open if not r.get("name")]
                if outer(r, self.filters.inside) == outside
            ]
        else:
            what = self.domain_of if kind == "dns" else str
            times = [r["time"] for r in self.names + self.ever_open + self.dns if what(r.get("name", "")) == outside]
        return int(min(times))

    def _keep(self, key: tuple[str, str, str], row: Row, final: float) -> None:
        row["final_score"] = final
        if key not in self.found or row["last"] >= self.found[key]["last"]:
            self.found[key] = row

    def _rare(self, kind: str, key: tuple[str, str]) -> bool:
        since = hour(self.true[0])
        used = [
            (r["src"], r["sign"], r["dst"], r["name"]) for r in self.names if hour(r["time"]) >= since and r["sign"]
        ]
        bare = [
            (r["src"], r["ua"], outer(r, self.filters.inside), None, r["dst"])
            for r in self.conn
            if r["missing"] and r["ua"] and hour(r["time"]) >= since
        ]
        everything = used + [row[:4] for row in bare]
        if kind == "sni":
            signs = {sign for src, sign, _, name in used if (src, name) == key}
            return any(len({n for s, g, _, n in everything if (s, g) == (key[0], sign) and n}) == 1 for sign in signs)
        signs = {sign for src, sign, _, _, dst in bare if (src, dst) == key}
        return any(len({d for s, g, d, _ in everything if (s, g) == (key[0], sign)}) == 1 for sign in signs)

    def _wrong_types(self, key: tuple[str, str]) -> bool:
        for row in self.names:
            if (row["src"], row["name"]) != key or not row["http"] or hour(row["time"]) < hour(self.true[0]):
                continue
            part = row["url"].split("?")[0].split("/")[-1]
            extension = part.split(".")[-1] if "." in part and not part.endswith(".") else ""
            if row["url"] != "/" and EXTENSIONS.get(row["mime"] or "", extension) != extension:
                return True
        return False

    def _domains(self, since: int, here: set[str]) -> None:
        late = [row for row in self.dns if hour(row["time"]) >= since]
        for domain in here - {""}:
            names = {row["name"] for row in late if row["domain"] == domain}
            if len(names) < self.config.c2_score_thresholds.base or domain.endswith((".arpa", ".local")):
                continue
            met = late + [r for r in self.names if r["counted"] and hour(r["time"]) >= since] + self.open_names
            hosts = {
                row[end]
                for row in met
                if self.domain_of(row["name"]) == domain
                for end in ("src", "dst")
                if self.filters.inside(row[end])
            }
            times = [int(row["time"]) for row in self.dns if row["domain"] == domain]
            bad = any(self.domain_of(name) == domain for name in self.intel if not name[-1].isdigit())
            row = {
                "subdomains": len(names),
                "prevalence": len(hosts) / self.size,
                "threat_intel": bad,
                "first": min(times),
                "last": max(times),
            }
            day = self.true[0] // 86_400 * 86_400
            answers = {
                a
                for r in self.dns
                if r["domain"] == domain and r["type"] == "A" and r["time"] >= day
                for a in r["answers"]
            }
            asked = {r["src"] for r in late if r["domain"] == domain}
            direct = {r["src"] for r in self.conn if hour(r["time"]) >= since and r["dst"] in answers}
            given = len(names) >= 100 and bool(direct) and direct <= asked
            base = worth(len(names), self.config.c2_score_thresholds)
            base = max(base, IMPACTS[self.config.threat_intel_impact] if bad else 0.0)
            added = self.config.c2_over_dns_direct_conn_score_increase * given
            self._keep(("dns", "", domain), row, base + added + self._common(row, self._ever("dns", domain)))


def hour(time: float) -> int:
    return int(time) // 3_600 * 3_600


def outer(row: Row, inside: Callable[[str], bool]) -> str:
    return str(row["dst"] if inside(row["src"]) else row["src"])


def inner(row: Row, inside: Callable[[str], bool]) -> str:
    return str(row["src"] if inside(row["src"]) else row["dst"])
