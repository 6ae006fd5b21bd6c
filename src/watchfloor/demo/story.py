"""The intrusion that all exports of the demo tell a part of: one night, from a phishing mail to data that leaves.

The night is that of 25 to 26 October 2025. In Paris the hour from 2 to 3 comes twice (00:00 and 01:00 UTC); New York
stays on summer time for another week, so that between the two are first 6, then 5 hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from watchfloor.demo.names import CLIENTS, HOSTS, Host

__all__ = [
    "ACCOUNT",
    "ATTACKER",
    "BASTION",
    "C2_NAME",
    "DROP",
    "DUMPER_SHA256",
    "LURE",
    "LURE_IP",
    "STEPS",
    "STORE",
    "TUNNEL_DOMAIN",
    "VPN_IP",
    "WEB",
    "WEB_SHELL",
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
VPN_IP = "10.20.9.33"
"""The address that the VPN gives them."""
LURE, LURE_IP = "parcel-notice.example", "203.0.113.140"
C2_NAME = "cdn-relay.example"
TUNNEL_DOMAIN = "statline.example"
WEB_SHELL = "/var/www/portal/uploads/thumb_cache.php"
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
    """An instant of the night, UTC; from 20 o'clock on it is still the 25th."""
    day = "2025-10-25" if clock >= "20" else "2025-10-26"
    return datetime.fromisoformat(f"{day}T{clock}+00:00")


def _firewall(src: str, dst: str, port: int, sent: int, rule: str) -> str:
    spt = 50_000 + port % 10_000
    return f'action=allow proto=tcp src={src} spt={spt} dst={dst} dpt={port} sent={sent} rule="{rule}"'


_CLOUD: tuple[tuple[int, str, str, str], ...] = (
    (1, "23:31:04", "phishing mail", f"MailDelivered {ACCOUNT} Your parcel is waiting at {LURE}"),
    (2, "23:44:19", "link clicked", f"UrlClickAllowed {ACCOUNT} https://{LURE}/track"),
    (4, "00:09:47", "cloud logon", f"UserLoggedIn {ACCOUNT} from {ATTACKER}"),
    (5, "00:14:30", "second factor changed", f"StrongAuthenticationChanged {ACCOUNT} from {ATTACKER}"),
    (13, "02:26:58", "traces removed", f"InboxRuleCreated {ACCOUNT} delete parcel from {ATTACKER}"),
)
_FIREWALL = (
    (2, "23:44:21", "link clicked", _firewall(WORKSTATION.ip, LURE_IP, 443, 5_120, "web out")),
    (3, "23:46:02", "credentials entered", _firewall(WORKSTATION.ip, LURE_IP, 443, 9_377, "web out")),
    (6, "00:21:12", "VPN logon", _firewall(ATTACKER, "198.51.100.9", 4443, 48_211, "vpn in")),
    (7, "00:32:40", "logon at the bastion", _firewall(VPN_IP, BASTION.ip, 22, 6_044, "vpn to bastion")),
    (9, "01:06:52", "lateral movement", _firewall(BASTION.ip, WEB.ip, 22, 18_920, "bastion to servers")),
    (11, "01:38:05", "data collected", _firewall(WEB.ip, STORE.ip, 445, 88_412, "servers to nas")),
    (12, "02:10:16", "data leaves", _firewall(WEB.ip, DROP, 443, 2_911_402_133, "web out")),
)
_ON_BASTION, _ON_WEB, _ON_STORE = BASTION.name, WEB.name, STORE.name
_LINUX = (
    (
        7,
        "00:32:44",
        "logon at the bastion",
        f"{_ON_BASTION} sshd[2211]: Accepted password for m.halloran from {VPN_IP}",
    ),
    (8, "00:41:09", "rights raised", f"{_ON_BASTION} sudo[2260]: m.halloran : USER=root ; COMMAND=/bin/bash"),
    (9, "01:06:51", "lateral movement", f"{_ON_BASTION} ssh[2302]: root opened session to {WEB.ip} port 22"),
    (9, "01:06:55", "lateral movement", f"{_ON_WEB} sshd[911]: Accepted publickey for root from {BASTION.ip}"),
    (10, "01:17:28", "web shell written", f"{_ON_WEB} audit[930]: created {WEB_SHELL} by root"),
    (
        11,
        "01:52:33",
        "data collected",
        f"{_ON_STORE} smbd[1440]: svc_backup read 4811 files of contracts from {WEB.ip}",
    ),
    (12, "02:10:18", "data leaves", f"{_ON_WEB} kernel: conntrack: {WEB.ip} to {DROP}:443 assured"),
    (13, "02:31:10", "traces removed", f"{_ON_WEB} audit[1002]: removed /var/log/nginx/access.log by root"),
)

STEPS = tuple(
    sorted(
        (
            Step(number, name, source, _at(clock), text)
            for source, steps in (("cloud", _CLOUD), ("firewall", _FIREWALL), ("linux", _LINUX))
            for number, clock, name, text in steps
        ),
        key=lambda step: step.time,
    )
)
"""In the order in which they happened."""
