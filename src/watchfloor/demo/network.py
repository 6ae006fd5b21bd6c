"""A Monday of one office in Zeek logs: browsing, names, time, updaters, a scanner; and what the intruders left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from watchfloor.demo import story
from watchfloor.demo.dice import Dice
from watchfloor.demo.names import CLIENTS, HOSTS, SCANNER, Host, Site, sites
from watchfloor.demo.truth import BeaconTruth, LongTruth, Made, NetworkTruth, TunnelTruth
from watchfloor.demo.zeek import Question, Request, Sensor, Talk

__all__ = ["network"]

DAY = datetime(2025, 10, 27, tzinfo=UTC)
HOURS = 24
SECONDS = HOURS * 3600
NET = CLIENTS[0].net
RESOLVER, CLOCK, FILES = f"{NET}.2.53", f"{NET}.2.21", f"{NET}.2.20"
TIME_SERVERS = ("192.0.2.123", "198.51.100.123")


@dataclass(frozen=True)
class Service:
    """Something out there that is asked at regular times."""

    name: str | None
    address: str
    port: int
    period: float
    jitter: float
    """Each interval is the period, give or take this share of it."""


UPDATES = (
    Service("updates.amberengine.example", "198.51.100.230", 443, 3600.0, 0.02),
    Service("definitions.larchoffice.example", "203.0.113.231", 443, 1800.0, 0.10),
)
MAIL = Service("mail.ochreoffice.example", "198.51.100.61", 443, 0, 0)
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Gecko/20100101 Firefox/143.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
)

IMPLANTS = (
    (story.WORKSTATION, Service(story.C2_NAME, "203.0.113.66", 443, 60.0, 0.02), 7.0),
    (story.WEB, Service("static.kiln-cdn.example", "203.0.113.98", 80, 300.0, 0.15), 2 * 3600 + 41.0),
    (story.host("TR-FS-01"), Service(None, "198.51.100.187", 8443, 900.0, 0.40), 333.0),
)
"""Where an implant sits, whom it calls, and its first second of the day."""


def network(dice: Dice, scale: float) -> tuple[NetworkTruth, dict[str, Made]]:
    """The logs and their truth; `scale` is about ordinary traffic."""
    sensor = Sensor(dice.room("sensor"), DAY, HOURS)
    beacons = tuple(_beacon(dice.room(host.name), sensor, host.ip, home, first) for host, home, first in IMPLANTS)
    tunnel = _tunnel(dice.room("tunnel"), sensor)
    long = tuple(_long(dice.room("long"), sensor))
    desks = _desks()
    _browsing(dice.room("browsing"), sensor, desks, scale)
    _mail(dice.room("mail"), sensor, desks, scale)
    _inside(dice.room("inside"), sensor, desks, scale)
    _outside(dice.room("outside"), sensor, scale)
    ntp = tuple(_ntp(dice.room("ntp"), sensor, desks))
    updaters = tuple(_updaters(dice.room("updaters"), sensor))
    scanned = _scanner(dice.room("scanner"), sensor, scale)
    return (
        NetworkTruth(
            start_time=DAY,
            end_time=DAY + timedelta(hours=HOURS),
            rows={kind: len(rows) for kind, rows in sensor.rows.items()},
            beacons=beacons,
            tunnel=tunnel,
            long_connections=long,
            ntp=ntp,
            updaters=updaters,
            scanner=SCANNER,
            scanner_connections=scanned,
            browsing_hosts=len(desks),
        ),
        sensor.files("zeek"),
    )


def _desks() -> list[Host]:
    """60 machines at which somebody sits: those that were scanned, and others."""
    desks = [host for host in HOSTS if host.name.startswith("TR-WS")]
    return desks + [Host(f"TR-WS-{i:03}", f"{NET}.5.{i}", True, "SYSTEM") for i in range(len(desks) + 1, 61)]


def _instant(at: float) -> datetime:
    return DAY + timedelta(microseconds=int(at * 1_000_000))


def _port(dice: Dice) -> int:
    return dice.whole(49_152, 65_535)


def _times(dice: Dice, first: float, service: Service) -> Iterator[float]:
    """Seconds at which a service is asked: each interval begins where the last one ended."""
    at = first
    while at < SECONDS:
        yield at
        at += service.period * (1 + dice.between(-service.jitter, service.jitter))


def _beacon(dice: Dice, sensor: Sensor, src: str, home: Service, first: float) -> BeaconTruth:
    """An implant: it sleeps, and asks for orders."""
    times = list(_times(dice, first, home))
    protocol = {443: "ssl", 80: "http"}.get(home.port, "-")
    for at in times:
        took, more = round(dice.between(0.08, 0.4), 6), dice.pick((0, 0, 0, 16, 32))
        talk = Talk(src, _port(dice), home.address, home.port, "tcp", protocol, took, 560 + more, 340 + more)
        uid = sensor.conn(at, talk)
        if protocol == "ssl":
            sensor.ssl(at, uid, talk, home.name, trusted=False)
        elif protocol == "http":
            host = home.name or home.address
            sensor.http(at, uid, talk, Request("POST", host, "/s/thumb", AGENTS[2], "application/octet-stream"))
    return BeaconTruth(
        src, home.address, home.name, home.period, home.jitter, len(times), _instant(times[0]), _instant(times[-1])
    )


def _tunnel(dice: Dice, sensor: Sensor) -> TunnelTruth:
    """Data leaves in names that are asked for once, three hours long; now and then the server is polled."""
    domain, src = story.TUNNEL_DOMAIN, story.STORE.ip
    names: set[str] = set()
    times: list[float] = []
    at = 9 * 3600 + 12.0
    for number in range(1_640):
        at += 0.5 + dice.waiting(6.0)
        poll = number % 20 == 19
        label = f"poll{number // 20 % 4}" if poll else f"{number:04x}{dice.hexes(44)}.{dice.hexes(30)}"
        query = f"{label}.{domain}"
        answer = dice.hexes(60 if poll else 12)
        sensor.dns(at, src, RESOLVER, Question(query, (f"TXT {len(answer)} {answer}",), "TXT"))
        names.add(query)
        times.append(at)
    return TunnelTruth(domain, src, RESOLVER, len(times), len(names), _instant(times[0]), _instant(times[-1]))


def _long(dice: Dice, sensor: Sensor) -> Iterator[LongTruth]:
    """Two connections of many hours; the second has not ended when the day does."""
    for src, dst, port, start, hours in (
        (story.host("par-app-01").ip, "192.0.2.200", 443, 3 * 3600 + 611.0, 9),
        (story.host("par-ci-01").ip, "198.51.100.22", 22, 10 * 3600 - 407.0, 15),
    ):
        duration = hours * 3600 + 47.25
        talk = Talk(
            src, _port(dice), dst, port, "tcp", "ssl" if port == 443 else "ssh", duration, 41_000_000, 7_200_000,
            "SF" if start + duration < SECONDS else "OTH",
        )  # fmt: skip
        uid = sensor.conn(start, talk)
        if port == 443:
            sensor.ssl(start, uid, talk, "stream.umberstudio.example")
        still_open = start + duration >= SECONDS
        yield LongTruth(uid, src, dst, _instant(start), SECONDS - start if still_open else duration, still_open)


def _browsing(dice: Dice, sensor: Sensor, desks: list[Host], scale: float) -> None:
    """Sessions of some minutes: a page is a burst of names, handshakes and a few plain requests."""
    web = sites(dice.room("sites"), 320)
    popular = [1 / (rank + 3) for rank in range(len(web))]
    for desk in desks:
        at = dice.between(5.5, 8.5) * 3600  # 7:30 to 10:30 in Paris in winter: UTC + 1
        home = at + dice.between(7, 10) * 3600
        while at < home:
            site = dice.weighted(web, popular)
            for _ in range(dice.whole(1, 5)):
                _page(dice, sensor, desk, site, at)
                at += dice.waiting(40)
            at += dice.waiting(560 / scale)


def _page(dice: Dice, sensor: Sensor, desk: Host, site: Site, at: float) -> None:
    for name in dice.some(site.hosts, dice.whole(1, 4)):
        at += dice.between(0.005, 0.2)
        address = dice.pick(site.addresses)
        sensor.dns(at, desk.ip, RESOLVER, Question(name, (address,)))
        if dice.chance(0.5):
            sixth = f"2001:db8:{dice.hexes(4)}::5"
            sensor.dns(at + 0.001, desk.ip, RESOLVER, Question(name, (sixth,), "AAAA"))
        plain = dice.chance(0.15)
        talk = Talk(
            desk.ip, _port(dice), address, 80 if plain else 443, "tcp", "http" if plain else "ssl",
            round(dice.spread(6, 1.3), 6), int(dice.spread(1_500, 0.9)), int(dice.spread(24_000, 1.5)),
        )  # fmt: skip
        opened = at + dice.between(0.01, 0.05)
        uid = sensor.conn(opened, talk)
        if plain:
            uri, agent = f"/{dice.hexes(8)}?p={dice.whole(1, 999)}", AGENTS[len(desk.user) % 2]
            sensor.http(opened, uid, talk, Request("GET", name, uri, agent, "text/html"))
        else:
            sensor.ssl(opened, uid, talk, name)


def _mail(dice: Dice, sensor: Sensor, desks: list[Host], scale: float) -> None:
    """Mail programs look for mail all day, now and then: often, but not regularly."""
    for desk in desks:
        at, home = dice.between(5.5, 8.5) * 3600, dice.between(15.5, 18) * 3600
        while (at := at + 5 + dice.waiting(300 / scale)) < home:
            took, sent, received = (
                round(dice.spread(2, 1.0), 6),
                int(dice.spread(900, 0.7)),
                int(dice.spread(3_000, 1.4)),
            )
            talk = Talk(desk.ip, _port(dice), MAIL.address, MAIL.port, "tcp", "ssl", took, sent, received)
            sensor.ssl(at, sensor.conn(at, talk), talk, MAIL.name)


def _inside(dice: Dice, sensor: Sensor, desks: list[Host], scale: float) -> None:
    """Kerberos, directory, file shares, reverse names: inside the network."""
    for desk in desks:
        at = dice.between(5, 8) * 3600
        while at < 18 * 3600:
            service, port = dice.pick((("krb_tcp", 88), ("ldap_tcp", 389), ("smb", 445), ("smb", 445)))
            talk = Talk(
                desk.ip, _port(dice), FILES if port == 445 else CLOCK, port, "tcp", service,
                round(dice.spread(3, 1.6), 6), int(dice.spread(2_400, 1.2)), int(dice.spread(5_000, 1.6)),
            )  # fmt: skip
            sensor.conn(at, talk)
            if dice.chance(0.2):
                name = f"{dice.whole(2, 250)}.4.{NET.split('.')[1]}.10.in-addr.arpa"
                sensor.dns(at + 0.1, desk.ip, RESOLVER, Question(name, (), "PTR", "NXDOMAIN"))
            at += dice.waiting(300 / scale)


def _outside(dice: Dice, sensor: Sensor, scale: float) -> None:
    """The internet knocks at the servers' public side, all day."""
    at = 0.0
    while (at := at + dice.waiting(40 / scale)) < SECONDS:
        port = dice.pick((22, 23, 80, 443, 445, 3389, 8080))
        state = "REJ" if dice.chance(0.3) else "S0"
        source = f"198.19.{dice.whole(0, 255)}.{dice.whole(1, 254)}"
        sensor.conn(at, Talk(source, dice.whole(1024, 65_535), story.WEB.ip, port, state=state))


def _ntp(dice: Dice, sensor: Sensor, desks: list[Host]) -> Iterator[tuple[str, str]]:
    """Desks ask the domain controller for the time; six servers ask the outside, and so look like beacons."""
    for desk in desks:
        _polls(dice, sensor, desk.ip, Service(None, CLOCK, 123, 1024.0, 0.01))
    servers = ("TR-DC-01", "par-web-01", "par-db-01", "par-app-01", "par-app-02", "par-ci-01")
    for number, name in enumerate(servers):
        src, dst = story.host(name).ip, TIME_SERVERS[number % 2]
        _polls(dice, sensor, src, Service(None, dst, 123, 256.0 if number % 2 else 1024.0, 0.01))
        yield src, dst


def _polls(dice: Dice, sensor: Sensor, src: str, clock: Service) -> None:
    for at in _times(dice, dice.between(0, clock.period), clock):
        took = round(dice.between(0.001, 0.03), 6)
        sensor.conn(at, Talk(src, 123, clock.address, clock.port, "udp", "ntp", took, 48, 48))


def _updaters(dice: Dice, sensor: Sensor) -> Iterator[tuple[str, str]]:
    """Programs on servers that look for updates: regular too, and harmless."""
    servers = [host for host in HOSTS if not host.windows and host not in (story.WEB, story.STORE)]
    for number, host in enumerate(servers):
        service = UPDATES[number % 2]
        for at in _times(dice, dice.between(0, service.period), service):
            sensor.dns(at, host.ip, RESOLVER, Question(service.name or "", (service.address,)))
            took, sent, received = round(dice.between(0.3, 2), 6), 900 + dice.whole(0, 60), int(dice.spread(6_000, 1.0))
            talk = Talk(host.ip, _port(dice), service.address, service.port, "tcp", "ssl", took, sent, received)
            uid = sensor.conn(at + 0.06, talk)
            sensor.ssl(at + 0.06, uid, talk, service.name)
        yield host.ip, service.address


def _scanner(dice: Dice, sensor: Sensor, scale: float) -> int:
    """The vulnerability scanner's night: many ports of every machine, from 01:00 on."""
    at = 3600.0
    ports = [*_KNOWN_PORTS, *range(10_000, 10_000 + 37 * max(10, round(180 * scale)), 37)]
    for host in HOSTS:
        for port in ports:
            src_port = _port(dice)
            if port in _KNOWN_PORTS and dice.chance(0.25):
                took = round(dice.between(0.01, 0.5), 6)
                talk = Talk(SCANNER, src_port, host.ip, port, duration=took, sent=120, received=340)
            else:
                talk = Talk(SCANNER, src_port, host.ip, port, state="REJ" if host.windows else "S0")
            sensor.conn(at, talk)
            at += dice.between(0.05, 2.0)
    return len(HOSTS) * len(ports)


_KNOWN_PORTS = (
    21,
    22,
    23,
    25,
    80,
    88,
    110,
    135,
    139,
    389,
    443,
    445,
    993,
    1433,
    3306,
    3389,
    5432,
    5985,
    8080,
    8443,
    9200,
)
