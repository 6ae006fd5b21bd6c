"""Three logs of one night with three clocks: Linux in Paris, a firewall in New York, a cloud service in UTC."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from watchfloor.demo import story
from watchfloor.demo.dice import Dice
from watchfloor.demo.names import CLIENTS, HOSTS, NEW_YORK, PARIS, PEOPLE, Host
from watchfloor.demo.truth import EventsTruth, FileTruth, Made, TraceTruth

__all__ = ["events"]

FIRST, LAST = datetime(2025, 10, 25, 18, 0, tzinfo=UTC), datetime(2025, 10, 26, 6, 0, tzinfo=UTC)
REPEATED = (datetime(2025, 10, 26, 0, 0, tzinfo=UTC), datetime(2025, 10, 26, 2, 0, tzinfo=UTC))
"""Paris shows 02:00 to 03:00 from the first of these instants to the second, twice."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Source:
    """One log."""

    name: str
    """As the story calls it."""
    file: str
    zone: str | None
    """Of clock times that carry none."""
    mean_seconds: float
    """Between two ordinary lines."""
    line: Callable[[datetime, str], str]
    chatter: Callable[[Dice], str]


def events(dice: Dice, scale: float) -> tuple[EventsTruth, dict[str, Made]]:
    """The logs and their truth; `scale` is about how many ordinary lines there are."""
    made: dict[str, Made] = {}
    traces: list[TraceTruth] = []
    first: dict[str, datetime] = {}
    last: dict[str, datetime] = {}
    repeated: dict[str, tuple[int, int]] = {}
    for source in SOURCES:
        rows = _rows(dice.room(source.name), source, scale)
        content = "".join(source.line(time, text) + "\n" for time, text, _ in rows).encode()
        made[source.file] = Made(content, FileTruth("syslog", len(rows), len(rows), source.zone, LAST))
        traces += [
            TraceTruth(step.number, step.name, source.file, record, step.time, step.text)
            for record, (_, _, step) in enumerate(rows, 1)
            if step is not None
        ]
        first[source.file], last[source.file] = rows[0][0], rows[-1][0]
        if source.zone == PARIS:
            inside = [record for record, (time, _, _) in enumerate(rows, 1) if REPEATED[0] <= time < REPEATED[1]]
            repeated[source.file] = (inside[0], inside[-1])
    return EventsTruth(tuple(sorted(traces, key=lambda t: t.time)), first, last, repeated), made


def _rows(dice: Dice, source: Source, scale: float) -> list[tuple[datetime, str, story.Step | None]]:
    """All lines of one log in true order: instant, text, and the step that it tells."""
    rows: list[tuple[datetime, str, story.Step | None]] = [
        (step.time, step.text, step) for step in story.STEPS if step.source == source.name
    ]
    time = FIRST
    while time < LAST:
        rows.append((time, source.chatter(dice), None))
        # A gap of an hour would hide the change of the clock from everybody: at most five minutes.
        time += timedelta(milliseconds=1 + min(300_000, int(dice.waiting(source.mean_seconds / scale) * 1000)))
    return sorted(rows, key=lambda row: row[0])


def _linux_line(time: datetime, text: str) -> str:
    """RFC 3164 without priority, as a file in /var/log: no year, no zone, the clock of Paris."""
    local = time.astimezone(ZoneInfo(PARIS))
    return f"{_MONTHS[local.month - 1]} {local.day:2} {local:%H:%M:%S} {text}"


def _firewall_line(time: datetime, text: str) -> str:
    return f"{time.astimezone(ZoneInfo(NEW_YORK)):%Y-%m-%d %H:%M:%S} nyc-fw-01 {text}"


def _cloud_line(time: datetime, text: str) -> str:
    """RFC 5424 in UTC; the first word of the text is the message's kind."""
    kind, _, rest = text.partition(" ")
    stamp = f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"
    return f'<134>1 {stamp} audit.{CLIENTS[0].dns} cloudaudit - {kind} [audit@32473 tenant="{CLIENTS[0].dns}"] {rest}'


_LINUX = tuple(host for host in HOSTS if not host.windows)


def _linux_chatter(dice: Dice) -> str:
    host, pid = dice.pick(_LINUX), dice.whole(300, 9000)
    return f"{host.name} " + dice.pick(
        (
            f"CRON[{pid}]: (root) CMD (/usr/lib/sysstat/sa1 1 1)",
            f"systemd[1]: Started Session {pid} of user svc_backup.",
            f"sshd[{pid}]: Invalid user admin from 198.51.100.{dice.whole(2, 250)} port {dice.whole(30000, 60000)}",
            f"sshd[{pid}]: Accepted publickey for svc_backup from 10.20.6.19 port {dice.whole(30000, 60000)} ssh2",
            f"nginx[{pid}]: 10.20.4.{dice.whole(11, 36)} GET /portal/{dice.hexes(6)} 200 {dice.whole(200, 90000)}",
            f"postfix/smtpd[{pid}]: connect from unknown[192.0.2.{dice.whole(2, 250)}]",
            f"kernel: [UFW BLOCK] IN=eth0 SRC=198.19.7.{dice.whole(2, 250)} DPT={dice.pick((22, 23, 445, 3389))}",
        )
    )


def _firewall_chatter(dice: Dice) -> str:
    desk: Host = dice.pick(HOSTS)
    action, rule = dice.weighted((("allow", "web out"), ("allow", "dns out"), ("deny", "default")), (6, 2, 3))
    port = {"web out": 443, "dns out": 53}.get(rule) or dice.pick((23, 445, 1433, 3389, 5900))
    src, dst = desk.ip, f"{dice.pick(('192.0.2', '198.51.100'))}.{dice.whole(10, 199)}"
    if action == "deny":
        src, dst = dst, f"198.51.100.{dice.whole(1, 9)}"
    proto = "udp" if port == 53 else "tcp"
    return (
        f"action={action} proto={proto} src={src} spt={dice.whole(32768, 60999)} dst={dst} dpt={port} "
        f'sent={int(dice.spread(2_000, 1.2))} rule="{rule}"'
    )


def _cloud_chatter(dice: Dice) -> str:
    user = f"{dice.pick(PEOPLE)}@{CLIENTS[0].dns}"
    return dice.pick(
        (
            f"UserLoggedIn {user} from 198.51.100.9",
            f"FileAccessed {user} /sites/operations/{dice.hexes(8)}.xlsx",
            f"MailDelivered {user} from news@{dice.pick(('amberjournal', 'larchledger', 'ochreoffice'))}.example",
            f"TokenRefreshed {user} mail client",
            f"UserLoginFailed {user} from 198.51.100.9 wrong password",
        )
    )


SOURCES = (
    Source("linux", "events/linux-paris.log", PARIS, 18, _linux_line, _linux_chatter),
    Source("firewall", "events/firewall-newyork.log", NEW_YORK, 14, _firewall_line, _firewall_chatter),
    Source("cloud", "events/cloud-audit.log", None, 25, _cloud_line, _cloud_chatter),
)
