"""What messages of network devices say in prose: made messages in the forms that the makers' manuals document."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from properties import examples
from watchfloor.readers.meaning import phrases
from watchfloor.readers.meaning.phrases import COLUMNS, said


def of(message: str, tail: str | None = None) -> dict[str, Any]:
    """What one message says, without what it does not say."""
    found = said(pl.Series([message]), pl.Series([tail], dtype=pl.String))
    assert tuple(found.columns) == COLUMNS
    with pytest.MonkeyPatch.context() as patch:
        # The texts that a phrase is looked for by leave nothing out.
        patch.setattr(phrases, "_PHRASES", tuple((list(message) or ["-"], phrase) for _, phrase in phrases._PHRASES))
        assert said(pl.Series([message]), pl.Series([tail], dtype=pl.String)).equals(found)
    return {name: value for name, value in found.to_dicts()[0].items() if value is not None}


def ends(src: tuple[str, int | None], dst: tuple[str, int | None]) -> dict[str, Any]:
    """Both ends of a connection, as columns."""
    values = {"src_ip": src[0], "src_port": src[1], "dst_ip": dst[0], "dst_port": dst[1]}
    return {name: value for name, value in values.items() if value is not None}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "%ASA-6-302013: Built inbound TCP connection 7 for outside:198.51.100.1/5000 "
            "(198.51.100.1/5000) to dmz:203.0.113.7/443 (203.0.113.7/443)",
            {**ends(("198.51.100.1", 5000), ("203.0.113.7", 443)), "proto": "tcp", "event_id": "302013", "level": "6"},
        ),
        (
            # The manual: of an outbound connection the far end is named first.
            "%ASA-6-302015: Built outbound UDP connection 7 for outside:198.51.100.1/53 "
            "(198.51.100.1/53) to in:192.0.2.7/5000 (203.0.113.7/5000)",
            {**ends(("192.0.2.7", 5000), ("198.51.100.1", 53)), "proto": "udp", "event_id": "302015", "level": "6"},
        ),
        (
            "%FTD-6-302020: Built inbound ICMP connection for faddr 198.51.100.1/0 gaddr "
            "203.0.113.7/0 laddr 192.0.2.7/0 type 8 code 0",
            {**ends(("198.51.100.1", 0), ("192.0.2.7", 0)), "proto": "icmp", "event_id": "302020", "level": "6"},
        ),
        (
            '%ASA-4-106023: Deny tcp src in:192.0.2.7/5000(LAB\\anna) dst out:2001:db8::7/443 by '
            'access-group "a" [0x0, 0x0]',
            {
                **ends(("192.0.2.7", 5000), ("2001:db8::7", 443)),
                **{"proto": "tcp", "action": "Deny", "event_id": "106023", "level": "4"},
            },
        ),
        (
            "%ASA-6-106100: access-list a permitted udp in/192.0.2.7(5000) -> out/198.51.100.1(53) "
            "hit-cnt 1 first hit [0x0, 0x0]",
            {
                **ends(("192.0.2.7", 5000), ("198.51.100.1", 53)),
                **{"proto": "udp", "action": "permitted", "event_id": "106100", "level": "6"},
            },
        ),
        (
            "%SEC-6-IPACCESSLOGP: list 7 denied tcp 192.0.2.7(5000) -> 198.51.100.1(23), 1 packet",
            {
                **ends(("192.0.2.7", 5000), ("198.51.100.1", 23)),
                **{"proto": "tcp", "action": "denied", "event_id": "IPACCESSLOGP", "level": "6"},
            },
        ),
        (
            "%ETHPORT-5-IF_UP: Interface Ethernet1/1 is up in mode access",
            {"event_id": "IF_UP", "level": "5"},
        ),
        (
            "%FTD-1-430003: AccessControlRuleAction: Block, SrcIP: 192.0.2.7, DstIP: 198.51.100.1, "
            "SrcPort: 5000, DstPort: 80, Protocol: tcp, User: No Authentication Required, URL: "
            "http://x.example/a b",
            {
                **ends(("192.0.2.7", 5000), ("198.51.100.1", 80)),
                **{"proto": "tcp", "action": "Block", "event_id": "430003", "level": "1"},
                **{"user": "No Authentication Required", "url": "http://x.example/a b"},
            },
        ),
        (
            "RT_FLOW_SESSION_CREATE: session created 192.0.2.7/5000->198.51.100.1/80 0x0 junos-http",
            {**ends(("192.0.2.7", 5000), ("198.51.100.1", 80)), "action": "RT_FLOW_SESSION_CREATE"},
        ),
        (
            "4,,,1000000103,igb1,match,block,in,4,0x0,,128,16210,0,none,17,udp,328,192.0.2.7,198.51.100.1,68,67,308",
            {**ends(("192.0.2.7", 68), ("198.51.100.1", 67)), "proto": "udp", "action": "block"},
        ),
        (
            "4,,,1000000103,igb1,match,pass,out,6,0x00,0x0,255,icmpv6,58,32,fe80::1,ff02::2,0",
            {**ends(("fe80::1", None), ("ff02::2", None)), "proto": "icmp", "action": "pass"},
        ),
        (
            "input: in:ether1 out:(unknown 0), proto TCP (SYN), 198.51.100.1:5000->203.0.113.7:23, len 40",
            {**ends(("198.51.100.1", 5000), ("203.0.113.7", 23)), "proto": "tcp"},
        ),
        ("new user: name=anna, UID=1001, GID=1001, home=/srv/anna, shell=/bin/sh", {"user": "anna"}),
        ("user: uid=1001", {}),
        (
            "[1:2003:8] Worm [Priority: 2] {UDP} 2001:db8::7:5000 -> 2001:db8::9:1434",
            {**ends(("2001:db8::7", 5000), ("2001:db8::9", 1434)), "proto": "udp"},
        ),
        (
            "[1:2003:8] Ping [Priority: 2] {IPV6-ICMP} fe80::1 -> ff02::16",
            {**ends(("fe80::1", None), ("ff02::16", None)), "proto": "icmp"},
        ),
        (
            "0-PPE-0 : default SSLVPN ICASTART 7 0 :  [TCP] Source 192.0.2.7:5000 - Destination 198.51.100.1:2598"
            " - customername  - username:domainname anna:lab - applicationName x",
            {**ends(("192.0.2.7", 5000), ("198.51.100.1", 2598)), "user": "anna", "action": "ICASTART"},
        ),
        (
            "0-PPE-2 : default SSLVPN HTTPREQUEST 7 0 : [X] app.example User anna@lab.example : Group(s) N/A : "
            "Vserver 192.0.2.80:443 - 03/14/2026:15:09:26 GMT : Message = off : GET /start?x=1 - -",
            {"user": "anna@lab.example", "action": "HTTPREQUEST", "url": "/start?x=1"},
        ),
        (
            'msg_id="3000-0001" SYN flood attack against 192.0.2.80 from 203.0.113.7 detected.',
            {**ends(("203.0.113.7", None), ("192.0.2.80", None)), "event_id": "3000-0001"},
        ),
        (
            "Traffic detected from 203.0.113.7 to 192.0.2.80 on port 23. (x)",
            ends(("203.0.113.7", None), ("192.0.2.80", 23)),
        ),
        ("spoofing detected, ip=203.0.113.7, interface=2", {"src_ip": "203.0.113.7"}),
        (
            "IKE negotiation failed. VPN: x, Local: 192.0.2.1/500, Remote: 203.0.113.7/4500, Local IKE-ID: y",
            ends(("203.0.113.7", 4500), ("192.0.2.1", 500)),
        ),
        (
            "VPN: <x|7> IKE_SA x[7] established between 192.0.2.1[192.0.2.1]...203.0.113.7[192.0.2.9]",
            ends(("192.0.2.1", None), ("203.0.113.7", None)),
        ),
        (
            "events client_vpn_connect user id 'anna@example.com' local ip 192.0.2.7 connected from 203.0.113.7",
            {"user": "anna@example.com", "src_ip": "203.0.113.7", "action": "client_vpn_connect"},
        ),
        ("events type=vpn_change peer_contact='203.0.113.7:5000' x='1'", {
            **{"src_ip": "203.0.113.7", "src_port": 5000, "action": "vpn_change"},
        }),
        ("events type=x_auth msg= 'Server IP=192.0.2.1 Peer IP=203.0.113.7 Peer port=5000 User=anna: ok'", {
            **{"src_ip": "203.0.113.7", "src_port": 5000, "user": "anna", "action": "x_auth"},
        }),
        ("events dhcp lease of ip 192.0.2.7 from mx mac 00:00:5e:00:53:01 with dns 192.0.2.1", {"src_ip": "192.0.2.7"}),
        (
            "%AAA-6-AAA_ACCOUNTING_MESSAGE: update:203.0.113.7@ssh.26046:anna:show ip route (SUCCESS)",
            {"src_ip": "203.0.113.7", "user": "anna", "event_id": "AAA_ACCOUNTING_MESSAGE", "level": "6"},
        ),
        (
            "%AUTHPRIV-5-SYSTEM_MSG:    anna : TTY=pts/0 ; PWD=/var ; USER=root ; COMMAND=/bin/x - sudo",
            {"user": "anna", "event_id": "SYSTEM_MSG", "level": "5"},
        ),
        (
            "%SYS-6-LOGOUT: User anna has exited tty session 1(203.0.113.7)",
            {"user": "anna", "src_ip": "203.0.113.7", "event_id": "LOGOUT", "level": "6"},
        ),
        (
            "%SYS-6-TTY_EXPIRE_TIMER: (exec timer expired, tty 1 (203.0.113.7)), user anna",
            {"user": "anna", "src_ip": "203.0.113.7", "event_id": "TTY_EXPIRE_TIMER", "level": "6"},
        ),
        (
            "%VSHD-5-VSHD_SYSLOG_CONFIG_I: Configured from vty by anna on 203.0.113.7@pts/0",
            {"user": "anna", "src_ip": "203.0.113.7", "event_id": "VSHD_SYSLOG_CONFIG_I", "level": "5"},
        ),
        (
            "0-PPE-3 : default APPFW APPFW_STARTURL 7 0 :  203.0.113.7 9-PPE3 id== prof Disallow Illegal URL: "
            "https://shop.example/a?User=x <not blocked>",
            {"src_ip": "203.0.113.7", "url": "https://shop.example/a?User=x", "action": "not blocked"},
        ),
        (
            "lb-1 0-PPE-0 : TCP CONN_DELINK 7 0 : Source 192.0.2.7:5000 - Vserver 192.0.2.80:80 - Destination "
            "198.51.100.1:80 - x",
            {**ends(("192.0.2.7", 5000), ("198.51.100.1", 80)), "action": "CONN_DELINK"},
        ),
        (
            "Stop dns session: initiator (192.0.2.7:5000) sent 48 bytes -- responder (203.0.113.7:53) sent 40 bytes",
            ends(("192.0.2.7", 5000), ("203.0.113.7", 53)),
        ),
        (
            "Dropping tcp pkt from Gi1/0/2.6 192.0.2.7:5000 => 203.0.113.7:80(target:class)",
            {**ends(("192.0.2.7", 5000), ("203.0.113.7", 80)), "proto": "tcp", "action": "Dropping"},
        ),
        (
            "01490500:5: /Common/ap:Common:9: New session from client IP 192.0.2.7 (ST=x) at VIP 203.0.113.80 x",
            {**ends(("192.0.2.7", None), ("203.0.113.80", None)), "event_id": "01490500"},
        ),
        (
            "01490106:5: x: AD module: authentication with 'anna' failed: Invalid user credentials. (-17)",
            {"user": "anna", "event_id": "01490106"},
        ),
        ("Failed to send message to host 203.0.113.25:25 for b", {"dst_ip": "203.0.113.25", "dst_port": 25}),
        ("MID 7 URL https://shop.example/?a=b has reputation 0.0", {"url": "https://shop.example/?a=b"}),
        (
            ',1,1000,0,"TCP, open",TCP,192.0.2.7,5000,203.0.113.7,80,00:00:5e:00:53:01,,',
            {**ends(("192.0.2.7", 5000), ("203.0.113.7", 80)), "proto": "tcp"},
        ),
        (
            "x - [192.0.2.7] Default Network::anna(LAB)[Staff][30f3] - VPN Tunneling: Session started",
            {"src_ip": "192.0.2.7", "user": "anna"},
        ),
        (
            "1773500966.391    104 192.0.2.7 5000 TCP_MISS/200 904 123 364 - GET http://shop.example/ 1.1 anna "
            "HIER_DIRECT/203.0.113.10 80 text/html",
            {
                **{"src_ip": "192.0.2.7", "src_port": 5000, "action": "TCP_MISS"},
                **{"url": "http://shop.example/", "user": "anna"},
            },
        ),
        ('administrator:"anna"; client_ip:"192.0.2.7"; operation:"Log In"; x', {
            **{"user": "anna", "src_ip": "192.0.2.7", "action": "Log In"},
        }),
        ('Authentication is rejected for anna (client ip : 192.0.2.7   , vserver ip: 192.0.2.80 )', {
            **{"user": "anna", "src_ip": "192.0.2.7"},
        }),
        ("%DTLS-4-BAD_CERT: verification failed. Peer IP: 203.0.113.7", {
            **{"src_ip": "203.0.113.7", "event_id": "BAD_CERT", "level": "4"},
        }),
        (
            "WF ALER NO_MATCH 203.0.113.7 5000 192.0.2.80 443 shop GLOBAL DENY NONE [\"-\"] GET /a?b TLSv1.2 \"-\" x",
            {**ends(("203.0.113.7", 5000), ("192.0.2.80", 443)), "action": "DENY", "url": "/a?b"},
        ),
        (
            "Info: SourceIP:203.0.113.7 Username:anna Action: The session has been established.",
            {"src_ip": "203.0.113.7", "user": "anna"},
        ),
        ("Event|5209|LOG_INFO|AMM|1/1|User anna logged in from 203.0.113.7 through SSH.", {
            **{"user": "anna", "src_ip": "203.0.113.7", "event_id": "5209"},
        }),
        ("ip_flow_end src=192.0.2.7 dst=203.0.113.7 protocol=tcp sport=5000 dport=80", {
            **ends(("192.0.2.7", 5000), ("203.0.113.7", 80)), **{"proto": "tcp", "action": "ip_flow_end"},
        }),
        (
            "%FTD-1-430004: SrcIP: 192.0.2.7, DstIP: 203.0.113.7, SrcPort: 5000, DstPort: 80, Protocol: tcp, "
            "FileAction: Cloud Lookup, User: No One, URI: http://x.example/a",
            {
                **ends(("192.0.2.7", 5000), ("203.0.113.7", 80)),
                **{"proto": "tcp", "action": "Cloud Lookup", "user": "No One", "url": "http://x.example/a"},
                **{"event_id": "430004", "level": "1"},
            },
        ),
        (
            "0-PPE-0 : default AAA LOGIN_FAILED 7 0 :  User anna@lab.example - Client_ip 192.0.2.7 - Browser x",
            {"user": "anna@lab.example", "src_ip": "192.0.2.7", "action": "LOGIN_FAILED"},
        ),
        (
            "FW: gr-0/0/0.14 A udp 192.0.2.7 198.51.100.1 5000 53 ",
            {**ends(("192.0.2.7", 5000), ("198.51.100.1", 53)), "proto": "udp", "action": "A"},
        ),
        (
            'msg_id="3000-0148" Allow Trusted External 40 tcp 20 63 192.0.2.7 198.51.100.1 5000 443 offset 5 A',
            {
                **ends(("192.0.2.7", 5000), ("198.51.100.1", 443)),
                **{"proto": "tcp", "action": "Allow", "event_id": "3000-0148"},
            },
        ),
        (
            "barracuda NF ALER TCP 198.51.100.1 5000 203.0.113.7 80 DENY x traffic:deny",
            {**ends(("198.51.100.1", 5000), ("203.0.113.7", 80)), "proto": "tcp", "action": "DENY"},
        ),
        (
            "flows allow src=192.0.2.7 dst=198.51.100.1 protocol=udp sport=5000 dport=53",
            {**ends(("192.0.2.7", 5000), ("198.51.100.1", 53)), "proto": "udp", "action": "allow"},
        ),
        ("incoming packet from [AF_INET]192.0.2.7:5000", {"src_ip": "192.0.2.7", "src_port": 5000}),
        (
            "2026-03-14 15:09:26.250Z [anna]: Login_Allowed - - to=AdminConnector ip=192.0.2.7 auth=Local",
            {"user": "anna", "src_ip": "192.0.2.7", "action": "Login_Allowed"},
        ),
        ("New SMTP ICID 5 interface x (203.0.113.7) address 192.0.2.7 reverse dns host y", {"src_ip": "192.0.2.7"}),
        (
            "%ASA-6-302014: Teardown TCP connection 7 for out:192.0.2.7/5000(LOCAL\\anna) to dmz:203.0.113.7/443"
            " duration 0:02:05 bytes 9610 TCP FINs from out (anna)",
            {
                **ends(("192.0.2.7", 5000), ("203.0.113.7", 443)),
                **{"proto": "tcp", "event_id": "302014", "level": "6", "user": "anna"},
            },
        ),
        (
            "%ASA-6-302016 Teardown UDP connection 40 for outside:192.0.2.7/500 to inside:203.0.113.7/500",
            {**ends(("192.0.2.7", 500), ("203.0.113.7", 500)), "proto": "udp", "event_id": "302016", "level": "6"},
        ),
        (
            "%ASA-5-304001: anna@192.0.2.7(LAB\\anna) Accessed URL 198.51.100.1:http://x.example/a",
            {
                **{"src_ip": "192.0.2.7", "dst_ip": "198.51.100.1", "url": "http://x.example/a", "user": "anna"},
                **{"event_id": "304001", "level": "5"},
            },
        ),
        (
            "%ASA-6-113005: AAA user authentication Rejected : server = 203.0.113.7 : user = : user IP = 192.0.2.7",
            {"src_ip": "192.0.2.7", "event_id": "113005", "level": "6"},
        ),
        (
            "%ASA-6-725001: Starting SSL handshake with client in:192.0.2.7/5000 to 203.0.113.7/443 for TLS session",
            {**ends(("192.0.2.7", 5000), ("203.0.113.7", 443)), "event_id": "725001", "level": "6"},
        ),
        (
            "%ASA-3-313001: Denied ICMP type=3, code=3 from 192.0.2.7 on interface outside",
            {"src_ip": "192.0.2.7", "proto": "icmp", "action": "Denied", "event_id": "313001", "level": "3"},
        ),
        (
            "FW: lsi.0        D 00:00:5e:00:53:01 00:00:5e:00:53:02 8100:9  UDP 192.0.2.7 198.51.100.1"
            " 5000   161 (1 packets)",
            {**ends(("192.0.2.7", 5000), ("198.51.100.1", 161)), "proto": "udp", "action": "D"},
        ),
        (
            "UI_LOGIN_EVENT: User 'anna' login, class 'x' [7], ssh-connection '192.0.2.7 5000 198.51.100.1 22'",
            {**ends(("192.0.2.7", 5000), ("198.51.100.1", 22)), "user": "anna", "action": "UI_LOGIN_EVENT"},
        ),
        (
            'wafbox1 TR 203.0.113.7 443 192.0.2.7 5000 "-" "-" GET TLSv1.2 x.example HTTP/1.1 404',
            ends(("192.0.2.7", 5000), ("203.0.113.7", 443)),
        ),
        (
            'wafbox1 AUDIT anna GUI 192.0.2.7 5000 LOGIN 0 login  global - - "" "" []',
            {"user": "anna", "src_ip": "192.0.2.7", "src_port": 5000, "action": "LOGIN"},
        ),
        ("[26931:0] info: 192.0.2.7 x.example. A IN", {"src_ip": "192.0.2.7"}),
        (
            "DHCPREQUEST for 192.0.2.7 (192.0.2.1) from 00:00:5e:00:53:01 (pc) via eth3 TransID 54737448",
            {"src_ip": "192.0.2.7", "action": "DHCPREQUEST"},
        ),
        ("DHCPDISCOVER from 00:00:5e:00:53:01 via 192.0.2.1", {"action": "DHCPDISCOVER"}),
        (
            "%X-5-Event: %[ UserID =anna][ ClientAddress =192.0.2.7][ Severity =5]",
            {"user": "anna", "src_ip": "192.0.2.7", "event_id": "Event", "level": "5"},
        ),
        ("The user anna successfully logged on from 192.0.2.7", {"user": "anna", "src_ip": "192.0.2.7"}),
        ("TCP access denied by ACL from 192.0.2.7/5000 to outside:198.51.100.1/23", {
            **ends(("192.0.2.7", 5000), ("198.51.100.1", 23)), "proto": "tcp", "action": "denied",
        }),
        ("Authentication failed for user anna.", {"user": "anna"}),
        (
            "Failed none for root from 192.0.2.7 port 5000 ssh2",
            {"user": "root", "src_ip": "192.0.2.7", "src_port": 5000},
        ),
        (
            '2026-03-14T15:09:26Z x RT_FLOW - RT_FLOW_SESSION_DENY [junos@2636.1.1.1.2.39 source-address="192.0.2.7"]',
            {"src_ip": "192.0.2.7", "action": "RT_FLOW_SESSION_DENY"},
        ),
        (
            "IDP_ATTACK_LOG_EVENT: IDP: at 1303673404, ANOMALY Attack log <192.0.2.7/5000->198.51.100.1/80> for TCP",
            {**ends(("192.0.2.7", 5000), ("198.51.100.1", 80)), "action": "IDP_ATTACK_LOG_EVENT"},
        ),
        ("session opened for user anna(uid=1000) by (uid=0)", {"user": "anna"}),
        ("User <anna> logged in", {"user": "anna"}),
        ("Group <vpn> User <anna> IP <192.0.2.7> session started.", {"user": "anna", "src_ip": "192.0.2.7"}),
        ("Login Success [user: anna] [Source: 192.0.2.7] [localport: 22]", {"user": "anna", "src_ip": "192.0.2.7"}),
        (
            "Failed password for invalid user bob from 198.51.100.1 port 50022 ssh2",
            {"user": "bob", "src_ip": "198.51.100.1", "src_port": 50022},
        ),
        ("connect from mail.example[203.0.113.7]", {"src_ip": "203.0.113.7"}),
        ("[UFW BLOCK] IN=eth0 SRC=192.0.2.7 DST=198.51.100.1 PROTO=TCP SPT=5000 DPT=22", {
            **ends(("192.0.2.7", 5000), ("198.51.100.1", 22)), "proto": "tcp", "action": "BLOCK",
        }),
        (
            "Bad password attempt for 'anna' from 203.0.113.29:50555",
            {"user": "anna", "src_ip": "203.0.113.29", "src_port": 50555},
        ),
        ("Password auth succeeded for 'ben' from 2001:db8::9", {"user": "ben", "src_ip": "2001:db8::9"}),
        ('[cara] OK LOGIN: Client "203.0.113.31"', {"user": "cara", "src_ip": "203.0.113.31"}),
        ('[anonymous] FAIL LOGIN: Client "203.0.113.30"', {"user": "anonymous", "src_ip": "203.0.113.30"}),
        (
            "192.0.2.31 (203.0.113.32[203.0.113.32]) - USER dora (Login failed): Incorrect password",
            {"user": "dora", "src_ip": "203.0.113.32"},
        ),
        ("Login incorrect (pap: no match): [eve/<via Auth-Type = pap>] (from client nas port 1)", {"user": "eve"}),
        ("login failure: fay 192.0.2.1 (203.0.113.33) vty0", {"user": "fay", "src_ip": "203.0.113.33"}),
        (
            "Event 12 : User root@203.0.113.34 logged in as VMware-client/6.5.0",
            {"user": "root", "src_ip": "203.0.113.34", "action": "logged in"},
        ),
        (
            "2026-11-24 10:11:12 - ive - [203.0.113.98] gus(Users)[] - Login failed using auth server AD",
            {"user": "gus", "src_ip": "203.0.113.98"},
        ),
        (
            "Failed to login through SSH. (IP=203.0.113.35, VpnInstanceName= , UserName=hal, Times=1)",
            {"user": "hal", "src_ip": "203.0.113.35"},
        ),
        (
            "SHELL_LOGIN: ida logged in from 203.0.113.36.",
            {"user": "ida", "src_ip": "203.0.113.36", "action": "SHELL_LOGIN"},
        ),
        (
            "Users: jan, Source IP: 203.0.113.37, Connection type: SSH, Action: Refuse",
            {"user": "jan", "src_ip": "203.0.113.37", "action": "Refuse"},
        ),
        (
            "User [kim] from [203.0.113.38] failed to log in via [DSM] due to authorization failure.",
            {"user": "kim", "src_ip": "203.0.113.38"},
        ),
        (
            "imap-login: Login: user=<lea>, method=PLAIN, rip=203.0.113.39, lip=192.0.2.39, TLS",
            {"user": "lea", "src_ip": "203.0.113.39", "dst_ip": "192.0.2.39"},
        ),
        ("ACTION :[7] 'CONNECT' DATABASE USER:[3] 'MAX' PRIVILEGE :[4] 'NONE'", {"user": "MAX"}),
    ],
)  # fmt: skip
def test_what_a_message_says_is_in_columns(message: str, expected: dict[str, Any]) -> None:
    """Ends, ports, protocol, user, action and event of messages as their makers document them."""
    assert of(message) == expected


@pytest.mark.parametrize(
    "message",
    [
        "waiting for connection",
        "to=<b@example.org>, relay=mx.example.org[203.0.113.7]:25, delay=1.2, status=sent",
        "interface 00:00:5e:00:53:01 up since 12:34:56",
        "version 1.2.3.4.5 of 10.20.30",
        "the user name is too long",
        "upgraded from 1.2.3 to 1.2.4",
        "state idle -> active on 192.0.2.7",
        "user=- rhost= src=999.1.1.1",
    ],
)
def test_nothing_is_made_of_what_only_looks_alike(message: str) -> None:
    """Clock times, hardware addresses, versions and plain words are no addresses and no users."""
    assert of(message) == {}


def test_names_are_no_addresses_but_their_ports_count() -> None:
    """A device that resolves names writes them where addresses stood."""
    message = "Built inbound TCP connection 7 for dmz:web/5802 (web/5802) to srv:192.0.2.7/80 (192.0.2.7/80)"

    assert of(message) == {"src_port": 5802, "dst_ip": "192.0.2.7", "dst_port": 80, "proto": "tcp"}


def test_structured_data_are_read_too() -> None:
    """Junos and Check Point say it there."""
    junos = (
        '[junos@2636.1.1.1.2.40 source-address="192.0.2.7" source-port="5000"'
        ' destination-address="198.51.100.1" destination-port="80" protocol-id="6" username="N/A"]'
    )
    check_point = '[action:"Accept"; dst:"198.51.100.1"; proto:"17"; s_port:"5000"; service:"53"; src:"192.0.2.7"; ]'

    assert of("", junos) == {**ends(("192.0.2.7", 5000), ("198.51.100.1", 80)), "proto": "tcp"}
    assert of("", check_point) == {
        **ends(("192.0.2.7", 5000), ("198.51.100.1", 53)),
        **{"proto": "udp", "action": "Accept"},
    }


@examples(40)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), max_size=8))
def test_any_text_is_answered(messages: list[str]) -> None:
    """As many rows as texts, whatever they hold."""
    assert said(pl.Series(messages, dtype=pl.String)).height == len(messages)
