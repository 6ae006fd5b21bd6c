"""Patterns for a log of 1 M lines that no reader knows, against drain3 on every line, and how right both group them.

Ours reads the file, mines templates and proves a pattern for each; drain3 only clusters, lines in memory, with the
masks of its documentation (addresses, hexadecimal and other numbers) and without any. CPU time counts. Ours must be 20
times faster than drain3 with masks, and group at least as well as the better of the two.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import polars as pl
from common.turns import Bench, Case, figure
from drain3 import TemplateMiner
from drain3.masking import MaskingInstruction
from drain3.template_miner_config import TemplateMinerConfig

from watchfloor.readers.suggest import suggest

LINES = 1_000_000
PART = 50_000
FASTER = 20
COVERED = 0.95
GROUPED = 100_000
"""So many lines are grouped to see how right it is."""
LOG, TRUTH = "app.log", "truth.parquet"
MASKS = {
    "IP": r"((?<=[^A-Za-z0-9])|^)(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})((?=[^A-Za-z0-9])|$)",
    "HEX": r"((?<=[^A-Za-z0-9])|^)(0x[a-f0-9A-F]+)((?=[^A-Za-z0-9])|$)",
    "NUM": r"((?<=[^A-Za-z0-9])|^)([\-\+]?\d+)((?=[^A-Za-z0-9])|$)",
}
TEMPLATES = (
    "sshd[{pid}]: Failed password for {user} from {ip} port {port} ssh2",
    "sshd[{pid}]: Failed password for invalid user {user} from {ip} port {port} ssh2",
    "sshd[{pid}]: Connection closed by {ip} port {port} [preauth]",
    "sshd[{pid}]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 rhost={ip} user={user}",
    "sshd[{pid}]: Received disconnect from {ip}: 11: Bye Bye [preauth]",
    "sshd[{pid}]: Accepted publickey for {user} from {ip} port {port} ssh2: RSA SHA256:{hex}",
    "sshd[{pid}]: pam_unix(sshd:session): session opened for user {user} by (uid=0)",
    "sshd[{pid}]: pam_unix(sshd:session): session closed for user {user}",
    "CRON[{pid}]: (root) CMD (/usr/lib/sysstat/debian-sa1 {port} {pid})",
    "kernel: [{port}.{pid}] eth0: link up, {pid} Mbps, full duplex, lpa 0x{hex}",
    "kernel: [{port}.{pid}] Out of memory: Kill process {pid} ({program}) score {port} or sacrifice child",
    "systemd[1]: Started session {pid} of user {user}.",
    "systemd[1]: {program}.service: main process exited, code=exited, status={port}/n/a",
    "postfix/smtpd[{pid}]: connect from unknown[{ip}]",
    "postfix/smtpd[{pid}]: disconnect from unknown[{ip}]",
    "postfix/qmgr[{pid}]: {hex}: from=<{user}@mail.example>, size={port}, nrcpt=1 (queue active)",
    "dhcpd: DHCPREQUEST for {ip} from 02:00:5e:10:{port}:01 via eth1",
    "ntpd[{pid}]: time reset +0.{port} s",
    "app[{pid}]: Request {hex} took {port} ms and returned {pid} bytes to {ip}",
    "app[{pid}]: Cache entry {hex} of {user} expired after {port} seconds",
)
"""Messages of servers, the frequent ones first."""


def make(folder: Path) -> None:
    """A made log, a line every few seconds; the n-th template has a weight of 1/n."""
    weights = [1 / n for n in range(1, len(TEMPLATES) + 1)]
    bounds = pl.Series([int(10_000 * sum(weights[: n + 1]) / sum(weights)) for n in range(len(weights))])
    truth = []
    with (folder / LOG).open("w", encoding="utf-8") as file:
        for start in range(0, LINES, PART):
            part = _part(start, bounds)
            file.write(part["line"].str.join("\n").item() + "\n")
            truth.append(part["template"])
    pl.DataFrame({"template": pl.concat(truth)}).write_parquet(folder / TRUTH)


def _part(start: int, bounds: pl.Series) -> pl.DataFrame:
    row = pl.int_range(start, start + PART, dtype=pl.UInt64)

    def chance(seed: int, below: int) -> pl.Expr:
        return row.hash(seed) % below

    def pick(seed: int, *texts: str) -> pl.Expr:
        return pl.lit(pl.Series(texts)).gather(chance(seed, len(texts)))

    values = {
        "pid": (1_000 + chance(1, 30_000)).cast(pl.String),
        "port": (10 + chance(2, 60_000)).cast(pl.String),
        "ip": pl.format("{}.0.{}.{}", pick(3, "192", "198", "203"), chance(4, 256), chance(5, 256)),
        "user": pick(6, "root", "admin", "alice", "bob", "carol", "dave", "erin", "test7", "www-data", "frank.m"),
        "program": pick(7, "java", "mysqld", "nginx", "php-fpm", "redis", "sshd", "cron", "named"),
        "hex": pl.format("{}ab{}", 10_000_000 + chance(8, 90_000_000), chance(9, 1_000)),
    }
    frame = pl.select(
        template=bounds.search_sorted(pl.select(chance(10, 10_000)).to_series(), side="right").cast(pl.Int8),
        time=(pl.datetime(2026, 1, 1) + pl.duration(seconds=row * 7)).dt.strftime("%b %d %H:%M:%S"),
        **values,
    )
    parts = []
    for number, template in enumerate(TEMPLATES):
        names = [piece.split("}")[0] for piece in template.split("{")[1:]]
        text = template
        for name in names:
            text = text.replace(f"{{{name}}}", "{}", 1)
        line = pl.format("{} web01 " + text, "time", *names)
        parts.append(pl.when(pl.col("template") == number).then(line))
    return frame.select("template", line=pl.coalesce(parts))


def read_suggest(path: Path) -> pl.DataFrame:
    """Ours: the file is read, templates are mined, each pattern is proven."""
    return pl.DataFrame({"regex": [pattern.regex for pattern in suggest(path).tried]})


def clusters(path: Path, *, masks: bool, lines: int = LINES) -> list[int]:
    """drain3: the cluster of each line."""
    config = TemplateMinerConfig()
    config.profiling_enabled = False
    if masks:
        config.masking_instructions = [MaskingInstruction(regex, name) for name, regex in MASKS.items()]
    miner = TemplateMiner(config=config)
    with path.open(encoding="utf-8") as file:
        return [miner.add_log_message(line.rstrip("\n"))["cluster_id"] for line in islice(file, lines)]


def accuracy(groups: Sequence[int | None], truth: Sequence[int]) -> float:
    """The share of lines whose group holds exactly the lines of their template (Zhu et al., ICSE-SEIP 2019)."""
    sizes, true_sizes, both = Counter(groups), Counter(truth), Counter(zip(groups, truth, strict=True))
    right = (n for (group, kind), n in both.items() if group is not None and n == sizes[group] == true_sizes[kind])
    return sum(right) / len(truth)


def grouped(folder: Path) -> bool:
    """Whether ours groups the first lines at least as well as the better of drain3's ways."""
    truth = pl.read_parquet(folder / TRUTH)["template"].head(GROUPED).to_list()
    text = pl.scan_lines(folder / LOG, name="text").head(GROUPED)
    regexes = read_suggest(folder / LOG)["regex"]
    number = pl.coalesce([pl.when(pl.col("text").str.contains(regex)).then(n) for n, regex in enumerate(regexes)])
    found = {"suggest": text.select(group=number).collect()["group"].to_list()}
    found["drain3"] = clusters(folder / LOG, masks=False, lines=GROUPED)
    found["drain3 with masks"] = clusters(folder / LOG, masks=True, lines=GROUPED)
    right = {way: accuracy(groups, truth) for way, groups in found.items()}
    least = max(right["drain3"], right["drain3 with masks"])
    beside = ", ".join(f"{way} {value:.3f}" for way, value in right.items())
    matched = 1 - found["suggest"].count(None) / GROUPED
    return all(
        [
            figure(f"grouping accuracy on {GROUPED:,} lines", right["suggest"], "of 1", None, beside, least=least),
            figure(f"lines of {GROUPED:,} that a pattern matches", matched, "of 1", None, "", least=COVERED),
        ]
    )


BENCH = Bench(
    script=__file__,
    make=make,
    floor=lambda path: clusters(path, masks=True),
    ours=read_suggest,
    cases=[Case(f"patterns for {LINES:,} lines against drain3 with masks", LOG, 1 / FASTER, repeats=1)],
    after=grouped,
)

if __name__ == "__main__":
    sys.exit(BENCH.main())
