"""Zeek's TSV logs as text: connections with their http, ssl and dns rows linked by uid, rotated as Zeek does it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from watchfloor.demo.dice import Dice
from watchfloor.demo.truth import FileTruth, Made

__all__ = ["Question", "Request", "Sensor", "Talk"]

_PAIR = "ts time,uid string,id.orig_h addr,id.orig_p port,id.resp_h addr,id.resp_p port"
_KINDS = {
    "conn": "proto enum,service string,duration interval,orig_bytes count,resp_bytes count,conn_state string,"
    "local_orig bool,local_resp bool,missed_bytes count,history string,orig_pkts count,orig_ip_bytes count,"
    "resp_pkts count,resp_ip_bytes count,tunnel_parents set[string]",
    "dns": "proto enum,trans_id count,rtt interval,query string,qclass count,qclass_name string,qtype count,"
    "qtype_name string,rcode count,rcode_name string,AA bool,TC bool,RD bool,RA bool,Z count,answers vector[string],"
    "TTLs vector[interval],rejected bool",
    "http": "trans_depth count,method string,host string,uri string,referrer string,version string,user_agent string,"
    "origin string,request_body_len count,response_body_len count,status_code count,status_msg string,info_code count,"
    "info_msg string,tags set[enum],username string,password string,proxied set[string],orig_fuids vector[string],"
    "orig_filenames vector[string],orig_mime_types vector[string],resp_fuids vector[string],"
    "resp_filenames vector[string],resp_mime_types vector[string]",
    "ssl": "version string,cipher string,curve string,server_name string,resumed bool,last_alert string,"
    "next_protocol string,established bool,ssl_history string,cert_chain_fps vector[string],"
    "client_cert_chain_fps vector[string],sni_matches_cert bool,validation_status string",
}
"""Fields and types after those of the pair."""
_QTYPES = {"A": 1, "NS": 2, "PTR": 12, "TXT": 16, "AAAA": 28}
_RCODES = {"NOERROR": 0, "NXDOMAIN": 3}


@dataclass(frozen=True, slots=True)
class Talk:
    """Who talks to whom, and how."""

    src: str
    sport: int
    dst: str
    dport: int
    proto: str = "tcp"
    service: str = "-"
    duration: float | None = None
    """Seconds; null where there was no answer."""
    sent: int = 0
    """Payload bytes."""
    received: int = 0
    state: str = "SF"


@dataclass(frozen=True, slots=True)
class Question:
    """A DNS query and what came back."""

    query: str
    answers: tuple[str, ...] = ()
    qtype: str = "A"
    rcode: str = "NOERROR"


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request."""

    method: str
    host: str
    uri: str
    user_agent: str
    mime_type: str


@dataclass
class Sensor:
    """What one sensor writes down, from a start for some hours."""

    dice: Dice
    start: datetime
    hours: int = 24
    rows: dict[str, list[tuple[float, str]]] = field(
        default_factory=lambda: {kind: [] for kind in ("conn", "open_conn", "dns", "http", "ssl")}
    )
    """Seconds from the start at which Zeek wrote a row, and the row."""

    def __post_init__(self) -> None:
        self._epoch = int((self.start - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())

    def conn(self, at: float, talk: Talk) -> str:
        """A connection that began `at` seconds after the start; gives its uid. Zeek writes it when it has ended."""
        uid = "C" + self.dice.letters(17)
        end = at + (talk.duration or 0)
        kind = "conn" if end < self.hours * 3600 else "open_conn"
        shown = talk.duration if kind == "conn" or talk.duration is None else self.hours * 3600 - at
        tail = _conn(talk, None if talk.duration is None else shown)
        self.rows[kind].append((min(end, self.hours * 3600 - 0.000001), f"{self._pair(at, uid, talk)}\t{tail}"))
        return uid

    def dns(self, at: float, src: str, resolver: str, question: Question) -> None:
        """A question over UDP, with its connection."""
        rtt = self.dice.between(0.0004, 0.03)
        length = len(question.query)
        answered = 32 + length + sum(len(answer) + 20 for answer in question.answers)
        talk = Talk(src, self.dice.whole(49_152, 65_535), resolver, 53, "udp", "dns", rtt, 20 + length, answered)
        uid = self.conn(at, talk)
        qtype, rcode = _QTYPES[question.qtype], _RCODES[question.rcode]
        fields = (
            *("udp", self.dice.whole(1, 65_535), f"{rtt:.6f}", question.query, 1, "C_INTERNET", qtype, question.qtype),
            *(rcode, question.rcode, "F", "F", "T", "T", 0),
            *(",".join(question.answers) or "-", ",".join("300.000000" for _ in question.answers) or "-", "F"),
        )
        self._add("dns", at, uid, talk, fields)

    def ssl(self, at: float, uid: str, talk: Talk, name: str | None, *, trusted: bool = True) -> None:
        """The handshake of a connection."""
        fields = (
            *("TLSv13" if trusted else "TLSv12", "TLS_AES_256_GCM_SHA384", "x25519", name or "-"),
            *("T" if self.dice.chance(0.3) else "F", "-", "h2" if trusted else "-", "T", "CsiI", "-", "-", "-"),
            "ok" if trusted else "self signed certificate",
        )
        self._add("ssl", at + 0.012, uid, talk, fields)

    def http(self, at: float, uid: str, talk: Talk, request: Request) -> None:
        """A request on a connection."""
        asked = 0 if request.method == "GET" else max(0, talk.sent - 260)
        fields = (
            *(1, request.method, request.host, request.uri, "-", "1.1", request.user_agent, "-"),
            *(asked, max(0, talk.received - 300), 200, "OK", "-", "-", "(empty)", "-", "-", "-", "-", "-", "-"),
            *("F" + self.dice.letters(16), "-", request.mime_type),
        )
        self._add("http", at + 0.02, uid, talk, fields)

    def _add(self, kind: str, at: float, uid: str, talk: Talk, fields: tuple[object, ...]) -> None:
        self.rows[kind].append((at, self._pair(at, uid, talk) + "\t" + "\t".join(map(str, fields))))

    def _pair(self, at: float, uid: str, talk: Talk) -> str:
        micros = int(at * 1_000_000)
        stamp = f"{self._epoch + micros // 1_000_000}.{micros % 1_000_000:06}"
        return f"{stamp}\t{uid}\t{talk.src}\t{talk.sport}\t{talk.dst}\t{talk.dport}"

    def files(self, folder: str) -> dict[str, Made]:
        """conn rotated by the hour, the other kinds one file each; rows in the order in which they were written."""
        made: dict[str, Made] = {}
        for kind, rows in self.rows.items():
            rows.sort()
            if kind == "conn":
                hours: list[list[str]] = [[] for _ in range(self.hours)]
                for at, row in rows:
                    hours[int(at // 3600)].append(row)
                for hour, lines in enumerate(hours):
                    # Zeek writes 00:00:00; a colon cannot stand in a name on Windows.
                    name = f"conn.{hour:02}_00_00-{(hour + 1) % 24:02}_00_00.log"
                    made[f"{folder}/{name}"] = self._file(kind, lines, hour, hour + 1)
            else:
                made[f"{folder}/{kind}.log"] = self._file(kind, [row for _, row in rows], 0, self.hours)
        return made

    def _file(self, kind: str, rows: list[str], first_hour: int, last_hour: int) -> Made:
        opened, closed = (self.start + timedelta(hours=hour) for hour in (first_hour, last_hour))
        columns = [column.split(" ") for column in f"{_PAIR},{_KINDS[kind.removeprefix('open_')]}".split(",")]
        head = (
            "#separator \\x09", "#set_separator\t,", "#empty_field\t(empty)", "#unset_field\t-", f"#path\t{kind}",
            f"#open\t{opened:%Y-%m-%d-%H-%M-%S}",
            "#fields\t" + "\t".join(name for name, _ in columns),
            "#types\t" + "\t".join(type for _, type in columns),
        )  # fmt: skip
        text = "\n".join((*head, *rows, f"#close\t{closed:%Y-%m-%d-%H-%M-%S}")) + "\n"
        return Made(text.encode(), FileTruth("zeek", len(rows) + len(head) + 1, len(rows), None, closed))


def _conn(talk: Talk, duration: float | None) -> str:
    """The columns of conn after the pair: packets and IP bytes follow from the payload."""
    head = 28 if talk.proto == "udp" else 40
    if talk.proto == "udp":
        out, back = 1, int(talk.received > 0)
        history = "Dd" if back else "D"
    elif talk.state == "S0":
        out, back, history = 1, 0, "S"
    elif talk.state == "REJ":
        out, back, history = 1, 1, "Sr"
    else:
        out, back = 4 + talk.sent // 1400, 3 + talk.received // 1400
        history = "ShADadFf" if talk.state == "SF" else "ShADad"
    if duration is None:
        lasted, sent, received = "-", "-", "-"
    else:
        lasted, sent, received = f"{duration:.6f}", str(talk.sent), str(talk.received)
    inside = ("T" if ip.startswith("10.") else "F" for ip in (talk.src, talk.dst))
    fields = (
        *(talk.proto, talk.service, lasted, sent, received, talk.state, *inside, 0, history),
        *(out, talk.sent + out * head, back, talk.received + back * head, "-"),
    )
    return "\t".join(map(str, fields))
