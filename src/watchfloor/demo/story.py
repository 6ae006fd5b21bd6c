"""The intrusion that all exports of the demo tell a part of: one night, from a phishing mail to data that leaves.

The night is that of 25 to 26 October 2025. In Paris the hour from 2 to 3 comes twice (00:00 and 01:00 UTC); New York
stays on summer time for another week, so that between the two are first 6, then 5 hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from watchfloor.demo.names import CLIENTS, HOSTS, Host

__all__ = [
    "ACCOUNT",
    "ATTACKER",
    "BASTION",
    "C2_NAME",
    "DROP",
    "DUMPER_SHA256",
    "LURE",
    "STEPS",
    "STORE",
    "TUNNEL_DOMAIN",
    "WEB",
    "WORKSTATION",
    "Step",
    "host",
]


def host(name: str) -> Host:
    """The machine of that name."""
    return next(h for h in HOSTS if h.name == name)


ACCOUNT = f"m.halloran@{CLIENTS[0].dns}"
WORKSTATION, BASTION, WEB, STORE = (host(name) for name in ("TR-WS-014", "par-bastion-01", "par-web-02", "par-nas-01"))
ATTACKER = "203.0.113.77"
"""Where the attacker logs on from."""
DROP = "203.0.113.201"
"""Where the data goes."""
LURE = "parcel-notice.example"
C2_NAME = "cdn-relay.example"
TUNNEL_DOMAIN = "statline.example"
DUMPER_SHA256 = "5f1c09b7e2d84a6c9e03f7a1b6d25c48a97e10f3c6b284d5e7190a2f4c8b6d31"
"""The credential dumper, the same file on two machines."""


@dataclass(frozen=True)
class Step:
    """One thing that happened, as one source wrote it down."""

    number: int
    name: str
    source: str
    """cloud, firewall or linux."""
    time: datetime
    text: str
    """The event without its time; unique in its file."""


def _at(clock: str) -> datetime:
    """An instant of the night; from 20 o'clock on it is still the 25th."""
    day = 25 if clock >= "20" else 26
    return datetime.fromisoformat(f"2025-10-{day}T{clock}+00:00").astimezone(UTC)


def _fw(action: str, src: str, dst: str, port: int, sent: int, rule: str) -> str:
    return f'action={action} proto=tcp src={src} spt=5{port % 10_000:04} dst={dst} dpt={port} sent={sent} rule="{rule}"'


STEPS = (
    Step(1, "phishing mail", "cloud", _at("23:31:04"), f"MailDelivered {ACCOUNT} Your parcel is waiting at {LURE}"),
    Step(2, "link clicked", "cloud", _at("23:44:19"), f"UrlClickAllowed {ACCOUNT} https://{LURE}/track"),
    Step(2, "link clicked", "firewall", _at("23:44:21"),
         _fw("allow", WORKSTATION.ip, "203.0.113.140", 443, 5_120, "web out")),
    Step(3, "credentials entered", "firewall", _at("23:46:02"),
         _fw("allow", WORKSTATION.ip, "203.0.113.140", 443, 9_377, "web out")),
    Step(4, "cloud logon", "cloud", _at("00:09:47"), f"UserLoggedIn {ACCOUNT} from {ATTACKER}"),
    Step(5, "second factor changed", "cloud", _at("00:14:30"), f"StrongAuthenticationChanged {ACCOUNT} from {ATTACKER}"),
    Step(6, "VPN logon", "firewall", _at("00:21:12"), _fw("allow", ATTACKER, "198.51.100.9", 4443, 48_211, "vpn in")),
    Step(7, "logon at the bastion", "firewall", _at("00:32:40"),
         _fw("allow", "10.20.9.33", BASTION.ip, 22, 6_044, "vpn to bastion")),
    Step(7, "logon at the bastion", "linux", _at("00:32:44"),
         f"{BASTION.name} sshd[2211]: Accepted password for m.halloran from 10.20.9.33 port 50022 ssh2"),
    Step(8, "rights raised", "linux", _at("00:41:09"),
         f"{BASTION.name} sudo[2260]: m.halloran : TTY=pts/3 ; PWD=/tmp ; USER=root ; COMMAND=/bin/bash"),
    Step(9, "lateral movement", "linux", _at("01:06:51"),
         f"{BASTION.name} ssh[2302]: root: opened session to {WEB.name} ({WEB.ip}) port 22"),
    Step(9, "lateral movement", "firewall", _at("01:06:52"),
         _fw("allow", BASTION.ip, WEB.ip, 22, 18_920, "bastion to servers")),
    Step(9, "lateral movement", "linux", _at("01:06:55"),
         f"{WEB.name} sshd[911]: Accepted publickey for root from {BASTION.ip} port 50022 ssh2"),
    Step(10, "web shell written", "linux", _at("01:17:28"),
         f"{WEB.name} audit[930]: created /var/www/portal/uploads/thumb_cache.php by root"),
    Step(11, "data collected", "firewall", _at("01:38:05"), _fw("allow", WEB.ip, STORE.ip, 445, 88_412, "servers to nas")),
    Step(11, "data collected", "linux", _at("01:52:33"),
         f"{STORE.name} smbd[1440]: svc_backup read 4811 files of /srv/share/contracts from {WEB.ip}"),
    Step(12, "data leaves", "firewall", _at("02:10:16"), _fw("allow", WEB.ip, DROP, 443, 2_911_402_133, "web out")),
    Step(12, "data leaves", "linux", _at("02:10:18"), f"{WEB.name} kernel: conntrack: {WEB.ip} to {DROP}:443 assured"),
    Step(13, "traces removed", "cloud", _at("02:26:58"), f"InboxRuleCreated {ACCOUNT} delete parcel from {ATTACKER}"),
    Step(13, "traces removed", "linux", _at("02:31:10"), f"{WEB.name} audit[1002]: removed /var/log/nginx/access.log by root"),
)  # fmt: skip
"""In the order in which they happened."""
