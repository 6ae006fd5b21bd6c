"""What messages of network devices say in prose: who spoke with whom, over what, who logged in, what became of it."""

from __future__ import annotations

import re
from collections.abc import Iterable

import polars as pl

from watchfloor.readers.meaning.endpoints import SENSED
from watchfloor.readers.meaning.stamps import CISCO_TAG

__all__ = ["COLUMNS", "said"]

COLUMNS = ("user", "src_ip", "src_port", "dst_ip", "dst_port", "proto", "action", "event_id", "level", "url")
"""What is looked for: columns of EVENTS, and `level`, the number of a severity."""

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
_IPV4 = rf"(?:{_OCTET}\.){{3}}{_OCTET}"
_HEX = "[0-9A-Fa-f]{1,4}"
_IPV6 = rf"(?:::[Ff]{{4}}:{_IPV4}|(?:{_HEX}:){{7}}{_HEX}|(?:{_HEX}(?::{_HEX}){{0,6}})?::(?:{_HEX}(?::{_HEX}){{0,6}})?)"
_ADDRESS = rf"(?:{_IPV4}|{_IPV6})"
_AFTER = r"(?:[^0-9A-Za-z_.-]|\.(?:[^0-9A-Za-z_-]|$)|-[^0-9]|$)"
"""What may stand behind an address: it is no part of a name or of a longer number."""


def _end(which: str) -> str:
    """One end of a connection, as firewalls write it: `outside:192.0.2.7/443`, `inside/192.0.2.7(443)`, a name."""
    return (
        rf"(?:(?:[^ :/()<>]+[:/])??(?P<{which}_ip>{_ADDRESS})|[^ /():<>]+[:/][^ /():<>]+|[^ /():<>]+)"
        rf"(?:[/:](?P<{which}_port>[0-9]{{1,5}})|\((?P<{which}_port_2>[0-9]{{1,5}})\))?"
    )


def _sure(which: str) -> str:
    """An end of a connection that is an address, with its port or without."""
    return (
        rf"(?:[A-Za-z0-9_.-]+[:/])??['\"\[(]?(?P<{which}_ip>{_ADDRESS})['\"\])]?"
        rf"(?:[/:](?P<{which}_port>[0-9]{{1,5}})|[(\[](?P<{which}_port_2>[0-9]{{1,5}})[)\]]"
        rf"| (?:on )?port (?P<{which}_port_3>[0-9]{{1,5}}))?"
    )


_PARTS = {
    **{which: _end(which) for which in ("src", "dst", "far", "near")},
    **{"from": _sure("src"), "to": _sure("dst")},
    **{f"{which}_ip": rf"(?P<{which}_ip>{_ADDRESS})" for which in ("src", "dst")},
    **{f"{which}_port": rf"(?P<{which}_port>[0-9]{{1,5}})" for which in ("src", "dst")},
    "proto": "(?P<proto>[A-Za-z0-9-]+)",
    # Mapped addresses, users: what firewalls put in brackets behind an end.
    "aside": r"(?: ?\([^()]*\))*",
    "end": "(?:[ (,.>]|$)",
    "after": _AFTER,
}


def _phrase(text: str) -> str:
    """A regex from one in which `@name` stands for a part."""
    return re.sub("@([a-z_]+)", lambda found: _PARTS[found[1]], text)


_PHRASES = tuple(
    (list(hints), _phrase(text))
    for hints, text in (
        # Cisco ASA 302013 and its like: an outbound connection is named by its far end first.
        (
            ("Built ", "Teardown "),
            r"\b(?:Built|Teardown) (?:(?P<direction>inbound|outbound) )?(?:(?:director|forwarder|backup) +)?(?:stub )?"
            r"@proto(?: state-bypass)? connection(?: [0-9]+)? (?:for|from) @src@aside(?: [^ ()]+)? to @dst@end",
        ),
        (
            ("Built ", "Teardown "),
            r"\b(?:Built|Teardown) (?:(?P<direction>inbound|outbound) )?@proto connection(?: [0-9]+)?"
            r" for faddr @far@aside gaddr [^ ]+@aside laddr @near@end",
        ),
        # The far end of a translation is the mapped address: no peer.
        (
            ("Built ", "Teardown "),
            r"\b(?:Built|Teardown) [a-z]+ @proto translation from @src@aside to ",
        ),
        (
            ("src ",),
            r"(?:^|[ :])(?:(?:protocol )?@proto )?src @src@aside dst @dst@end",
        ),
        # NetScaler.
        (
            ("ource",),
            r"\b[Ss]ource:? +@from(?: - .*?)? (?:- )?[Dd]estination:? +@to@after",
        ),
        (
            ("ClientIP ",),
            r"\bClientIP @src_ip - ClientPort @src_port - VserverServiceIP @dst_ip"
            r" - VserverServicePort @dst_port(?: |$)",
        ),
        # What NetScaler's firewall for applications refuses.
        (
            ("APPFW_",),
            r"\bAPPFW_[^:]* [0-9]+ [0-9]+ : +@src_ip (?:.*?(?P<url>[a-z]+://[^ ]+))?(?:.*<(?P<action>[a-z ]+)>$)?",
        ),
        # Cisco's zone-based firewall.
        (
            ("initiator (",),
            r"\binitiator \(@src_ip:@src_port\) .*\bresponder \(@dst_ip:@dst_port\)",
        ),
        (
            (" pkt from ",),
            r"\b(?P<action>Dropping) @proto pkt from [^ ]+ @src_ip:@src_port => @dst_ip:@dst_port",
        ),
        # Tunnels between two gateways, of which the device is the local one; leases of Meraki's appliances.
        (
            ("Remote: ",),
            r"\bLocal: @dst_ip/@dst_port, Remote: @src_ip/@src_port@after",
        ),
        (
            (" between ",),
            r"\bestablished between @src_ip\[[^\[\]]*\]\.\.\.@dst_ip\[",
        ),
        (
            ("dhcp lease ",),
            r"\bdhcp lease of ip @src_ip@after",
        ),
        # Accounting of NX-OS.
        (
            ("start:", "stop:", "update:"),
            r": (?:start|stop|update):@src_ip@[a-z]+\.[0-9]+:(?P<user>[^: ]+):",
        ),
        # F5's sessions; mail that could not be sent.
        (
            ("lient IP ",),
            r"\bclient IP @src_ip .*\bat VIP @dst_ip@after",
        ),
        (
            (" to host ",),
            r"\bmessage to host @to@after",
        ),
        # Snort's rows.
        (
            (",TCP,", ",UDP,", ",ICMP,"),
            r"^,?[0-9]+,[0-9]+,[0-9]+,(?:\"[^\"]*\"|[^,\"]*),@proto,@src_ip,(?:@src_port)?,@dst_ip,(?:@dst_port)?,",
        ),
        # Filters of Junos, Barracuda.
        (
            ("FW: ",),
            r"\bFW: [^ ]+ +(?P<action>[A-Z]) (?:.* )?@proto +@src_ip +@dst_ip +@src_port +@dst_port(?: |$)",
        ),
        # Barracuda names the service before the client in its access log.
        (
            ("TR ",),
            r"\bTR @dst_ip @dst_port @src_ip @src_port(?: |$)",
        ),
        (
            ("AUDIT ",),
            r"\bAUDIT (?P<user>[^ ]+) [A-Z]+ @src_ip @src_port (?P<action>[A-Z_]+)(?: |$)",
        ),
        # Unbound; DHCP servers, of whose messages the client's address is the subject.
        (
            ("info: ",),
            r"^\[[0-9]+:[0-9]+\] info: @src_ip [^ ]+ [A-Z0-9]+ IN\b",
        ),
        (
            ("DHCP",),
            r"^(?P<action>DHCP[A-Z]{3,10}) (?:for|on|of) @src_ip(?: |$)",
        ),
        (
            ("ssh-connection ",),
            r"\bssh-connection '@src_ip @src_port @dst_ip @dst_port'",
        ),
        (
            ("WF ",),
            r"\bWF [A-Z]{4} [A-Z_]+ @src_ip @src_port @dst_ip @dst_port [^ ]+ [A-Z_]+ (?P<action>[A-Z]+) .*"
            r"\] [A-Z]+ (?P<url>[^ ]+) [A-Z]+(?:v|/)[0-9.]+ ",
        ),
        (
            ("NF ", "WF "),
            r"\b(?:NF|WF) [A-Z]{4} (?:(?P<proto>TCP|UDP|ICMP|[0-9]+)|[A-Z_]+)"
            r" @src_ip @src_port @dst_ip @dst_port(?: |$)",
        ),
        # Snort and Suricata.
        (
            ("{TCP} ", "{UDP} "),
            r"\{(?P<proto>TCP|UDP)\} \[?(?P<src_ip>[0-9A-Fa-f:.]+?)\]?:@src_port"
            r" -> \[?(?P<dst_ip>[0-9A-Fa-f:.]+?)\]?:@dst_port[ \t]*$",
        ),
        (
            ("} ",),
            r"\{@proto\} @src_ip -> @dst_ip[ \t]*$",
        ),
        # Arrows: access lists of Cisco, MikroTik, Junos.
        (
            ("->",),
            r"(?:\b(?:proto |protocol )?(?P<proto>[A-Za-z][A-Za-z0-9]*|[0-9]{1,3})(?: \([A-Z,]*\))?,? +)?"
            r"@src(?: \([^()]*\)| [A-Za-z]+[0-9/.]+ [0-9a-f.]+)? ?-> ?@dst@end",
        ),
        (
            ("rom",),
            r"(?:\b(?P<proto>TCP|UDP|tcp|udp|icmp|ICMP|SCTP)\b.* )?"
            r"\b[Ff]rom:? (?:laddr |IP )?@from@aside,? (?:on interface [^ ]+ )?to:? @to@after",
        ),
        # Floods and scans, as firewalls report them.
        (
            ("gainst ",),
            r"\b[Aa]gainst @to from @from@after",
        ),
        # WatchGuard.
        (
            ("Allow ", "Deny ", "Drop ", "Block "),
            r"\b(?P<action>Allow|Deny|Drop|Block) [^ ]+ [^ ]+ (?:[0-9]+ )?@proto (?:[0-9]+ [0-9]+ )?"
            r"@src_ip @dst_ip @src_port @dst_port(?: |$)",
        ),
        # pfSense's filterlog, of which each version of IP has its columns.
        (
            (",in,", ",out,"),
            r"^(?:[^,]*,){6}(?P<action>[a-z]+),(?:in|out),4,(?:[^,]*,){6}[0-9]*,@proto,[0-9]*,@src_ip,@dst_ip,"
            r"(?:@src_port,@dst_port,[0-9]+(?:,|$))?",
        ),
        (
            (",in,", ",out,"),
            r"^(?:[^,]*,){6}(?P<action>[a-z]+),(?:in|out),6,(?:[^,]*,){3}@proto,[0-9]*,[0-9]*,@src_ip,@dst_ip,"
            r"(?:@src_port,@dst_port,[0-9]+(?:,|$))?",
        ),
        # Cisco ASA 304001, and its messages of VPN sessions.
        (
            ("Accessed ",),
            r"(?:^|: )(?:(?P<user>[^ @]+)@)?@src_ip(?:\([^()]*\))? Accessed (?:JAVA )?URL (?:[^ @]+@)?"
            r"(?:@dst_ip|[^ :]+):(?P<url>[^ ]+)",
        ),
        (
            (" SRC ",),
            r"\bURL (?P<url>[^ ]+) SRC @src_ip DEST @dst_ip(?: |$)",
        ),
        (
            ("Denied ",),
            r"\b(?P<action>Denied) (?P<proto>ICMP) type=[0-9]+, code=[0-9]+ from @src_ip on interface ",
        ),
        (
            ("between ",),
            r"\bbetween @src_ip and @dst_ip \(user= (?P<user>[^()]*)\)",
        ),
        (
            ("client user ",),
            r"\bclient user (?P<user>[^ ,]+), IP(?:v4)? @src_ip ",
        ),
        (
            ("lient ",),
            r"\b[Cc]lient @from to @to@after",
        ),
        (
            ("lient ",),
            r"\b[Cc]lient [A-Za-z0-9_.-]+:@src_ip/@src_port(?:[^0-9]|$)",
        ),
        (
            ("Group <",),
            r"Group <[^<>]*> User <(?P<user>[^<>]*)> IP <@src_ip>",
        ),
        (
            ("Group ",),
            r"Group [^ ]+ User (?P<user>[^ ]+) IP @src_ip@after",
        ),
        (
            ("IP = ",),
            r"(?:^|: )(?:Group = [^,]*, )?(?:Username = (?P<user>[^,]*), )?IP = @src_ip,",
        ),
        # OpenVPN and HAProxy begin with the client.
        (
            (" [",),
            r"^(?:[^ /\[\]:]+/)?@src_ip:@src_port \[(?P<user>[^\]/ ]+)\](?: |$)",
        ),
        (
            (":",),
            r"^(?:(?P<user>[^ /\[\]:]+)/)?@src_ip:@src_port(?: |$)",
        ),
        # Barracuda's mail gateway.
        (
            ("[",),
            r"^[A-Za-z0-9_.-]+\[@src_ip\](?::@src_port)? ",
        ),
        # Cisco's mail gateway: connections that come in, and those that go out.
        (
            ("SMTP ICID ",),
            r"\bSMTP ICID [0-9]+ interface .* address @src_ip(?: |$)",
        ),
        (
            ("SMTP DCID ",),
            r"\bSMTP DCID [0-9]+ interface @src_ip address @dst_ip(?: |$)",
        ),
        # Who is named with the address: VMware; gateways for remote access, ProFTPD.
        (
            ("ser ",),
            r"\b[Uu]ser (?P<user>[^ @]+)@@src_ip (?P<action>logged (?:in|out)|[a-z]+)\b",
        ),
        (
            (")[",),
            r"(?:^|- )\[@src_ip\] (?:[^()\[\]:]+::)?(?P<user>[^()\[\]:]+)\([^()]*\)(?:\[[^\[\]]*\])+(?: - |$)",
        ),
        (
            ("])",),
            r"^(?:[^ ]+ )?\([^ ()\[\]]*\[@src_ip\]\)(?: |$)",
        ),
        # Infoblox: who did what, behind the time.
        (
            ("]: ",),
            r"^(?:[0-9-]{10} [0-9:.]{8,15}Z )?\[(?P<user>[^\]]+)\]: (?P<action>[A-Z][A-Za-z_]+)"
            r"(?: .*\bip=@src_ip)?(?: |$)",
        ),
        (
            ("lient ",),
            r"\b[Cc]lient (?:@[0-9A-Za-z]+ )?(?:IP )?@src_ip(?:[#:]@src_port)?@after",
        ),
        # Squid's native log, as it stands behind a syslog prefix, with its time or without.
        (
            ("/",),
            r"^ *(?:[0-9]{10}\.[0-9]{3} +)?[0-9]+ @src_ip (?:@src_port )?(?P<action>[A-Z_]+)/[0-9]{3} (?:[0-9-]+ )+"
            r"[A-Z]+ (?P<url>[^ ]+) (?:[0-9.]+ )?(?P<user>[^ ]+) \(?[A-Z_]+\)?/",
        ),
    )
)
"""Texts of which a message has one, and the phrase; a line has what the first that fits says. `far` and `near` are the
ends of an ICMP exchange."""
_BEFORE_A_SOURCE = (
    "\\b[Ff]rom:? (?:host |IP |address |client )?",
    "\\b[Ss]ource: ",
    "\\brhost=",
    "\\b(?:Client|Remote)_ip ",
    "\\b[Ii]P [Aa]ddress: ?",
    r"\b(?:vty[0-9]+|pts/[0-9]+) \(",
    r"\blogin (?:failure|success)[^:]{0,40}: [^ ]+ [^ ]+ \(",
    r"\b[Cc]lient:? [\"'\[]",
    "\\b[Hh]ost: ",
    "[(,] ?(?:ip|IP|IPAddress|IpAddress|UserIP|HostIP)=",
    "\\b[Pp]eer(?: IP[:=]?)? ?",
    "\\bpeer_contact='",
    r"\btty (?:session )?[0-9]+ ?\(",
    "\\bby [^ ]+ on ",
)
_FROM = rf"(?:{'|'.join(_BEFORE_A_SOURCE)})(?:\[AF_INET6?\])?['\"\[<]?(?:[A-Za-z0-9_.-]+\[)?({_ADDRESS})"
_FROM_PORT = r"(?:(?:\]?:| port |#|/)([0-9]{1,5})(?:[^0-9A-Za-z.]|$))?"
"""The port of that address."""
_HAS_KEY = "[=:]"
"""Whether there can be a key: a regex of all of them takes ten times as long."""


def _key(*keys: str) -> str:
    """Finds a key and the sign behind it."""
    return rf"(?:^|[ \t,;|\[({{])(?:{'|'.join(keys)})\"?(?: ?=|::?| = | : |: )"


_ADDRESS_KEYS = {
    "src_ip": (
        *("src", "SRC", "srcip", "src_ip", "src-ip", "saddr", "srcaddr", "SrcIP", "sourceip", "source_ip", "SourceIP"),
        *("[Ss]ource [Ii][Pp](?: [Aa]ddress)?", "source-address", "source_address", "SourceAddress", "sourceaddress"),
        *("c-ip", "clientip", "client_ip", "ClientIP", "clientIP", "ip_client", "[Cc]lient [Ii][Pp]", "remip", "rhost"),
        *(
            "rip",
            "remote_ip",
            "remoteip",
            "[Rr]emote [Ii][Pp]",
            "user [Ii][Pp]",
            "AdminIPAddress",
            "[Ss]ource",
            "ip_src",
        ),
        *("[Rr]emote[ _-]?[Aa]ddress", "[Cc]lient ?[Aa]ddress", "initiator_ip", "Calling-Station-I[Dd]"),
    ),
    "dst_ip": (
        *(
            "dst",
            "DST",
            "dstip",
            "dst_ip",
            "dst-ip",
            "daddr",
            "dstaddr",
            "DstIP",
            "destip",
            "dest_ip",
            "dest",
            "destip",
            "lip",
        ),
        *("[Dd]estination [Ii][Pp](?: [Aa]ddress)?", "destination-address", "destination_address", "destination_ip"),
        *(
            "DestinationIPAddress",
            "DestinationIP",
            "DestinationAddress",
            "destinationip",
            "[Dd]estination",
            "responder_ip",
        ),
    ),
}
_NUMBER_KEYS = {
    "src_port": (
        *("srcport", "src_port", "src-port", "spt", "SPT", "sport", "SrcPort", "s_port", "source_port", "source-port"),
        *("sourceport", "SourcePort", "[Ss]ource [Pp]ort", "[Rr]emote [Pp]ort", "[Pp]eer [Pp]ort"),
    ),
    "dst_port": (
        *("dstport", "dst_port", "dst-port", "dpt", "DPT", "dport", "DstPort", "d_port", "dest_port", "destport"),
        *("destination_port", "destination-port", "DestinationPort", "[Dd]estination [Pp]ort"),
    ),
}
_PROTO_KEYS = (
    "proto",
    "PROTO",
    "protocol",
    "Protocol",
    "protocol-id",
    "protocol-name",
    "ip_protocol",
    "ip-protocol",
    "transport",
    "Proto",
)
_USER_KEYS = (
    *("user", "User", "username", "Username", "UserName", "userName", "user_name", "user-name", "User-Name", "usr"),
    *(
        "suser",
        "Users",
        "srcuser",
        "src_user",
        "Uname",
        "uname",
        "[Uu]ser [Nn]ame",
        "AdminName",
        "sasl_username",
        "admin",
        "Admin",
        "administrator",
        "identity",
    ),
    *("UserID", "userid", "login", "loginname", "account", "account_name", "AccountName"),
)
_ACTION_KEYS = (
    "action",
    "act",
    "Action",
    "ACTION",
    "AccessControlRuleAction",
    "operation",
    "decision",
    "verdict",
    "disposition",
)
_ID_KEYS = ("msg_id", "event_id", "eventid", "EventID", "log_id", "logid", "message_id")
_URL_KEYS = ("url", "URL", "Url", "uri", "request_url")
_QUOTED = r"(?:\"([^\"]*)\"|'([^']*)'|<([^<>]*)>|([^ \t,;|\"'<>\[\](){}:][^ \t,;|\"'<>\[\](){}]*))"
_IN_COMMAS = " *([^,]*)"
"""A value that runs to the next comma, blanks and all."""
_USERS = (
    r"\bauthentication with '([^']+)'|(?:^|: ) *([A-Za-z0-9_.-]+) : (?:[^;=]+ ; )?TTY=|"
    r"\busername:domainname ([^: ]+):"
    r"|\b(?:[Uu]ser|[Uu]sername|[Aa]ccount|[Aa]dministrator|[Uu]ser name|user id)"
    r" (?:'([^']+)'|\"([^\"]+)\"|<([^<>]+)>|\[([^\[\]]+)\])",
    r"\b(?:password|publickey|hostbased|gssapi-with-mic|keyboard-interactive[^ ]*|none) for"
    r" (?:(?:invalid|illegal) user )?([^ ]+) from ",
    # What is done for somebody from somewhere: dropbear, Cisco, NX-OS; and who did it: Comware, VRP, appliances.
    r"\b(?:succeeded|success|failed|failure|attempt|accepted|rejected|denied) for"
    r" (?:user |account )?['\"]?([^ '\":,;()]+)['\"]? (?:(?:from|at|by|on) |\([^()]*\bip ?: )",
    r"(?:^|: )([A-Za-z0-9_.@\\$-]+) (?:failed to log ?(?:in|on)|logged (?:in|on|out|off))"
    r" (?:from|to|via)\b",
    # vsftpd, ProFTPD, TACACS+, FreeRADIUS, Oracle's audit.
    r"\[([^\[\]]+)\] (?:OK|FAIL) (?:LOGIN|UPLOAD|DOWNLOAD|DELETE|MKDIR|RENAME|CHMOD)\b"
    r"|\bUSER ([^ :()]+)(?: \(|: )"
    r"|\b[Ll]ogin (?:failure|success|query)(?: [^ :]+)?: ([^ ]+) "
    r"|\bLogin (?:OK|incorrect)(?: \([^()]*\))?: \[([^/\[\]]+)[/\]]"
    r"|\bDATABASE USER ?:(?:\[[0-9]+\])? ?['\"]([^'\"]*)['\"]",
    r"(?:\b(?:[Ii]nvalid user|[Ii]llegal user|for user|for unknown user)|, user) ['\"]?([^ '\",;:()]+)",
    r"\b[Uu]ser ([A-Za-z0-9_.@\\$-]+)(?: \([^()]*\))? (?:successfully )?"
    r"(?:logged|login|logging|logout|has|executed|authenticated|connected|disconnected|from|exiting|entering|did)\b",
    r"\(LOCAL\\([^()]+)\)|%(?:ASA|FTD)-[0-9]-3020(?:1[3-8]|2[01]): .*\(([^()/]+)\)(?: type [0-9]+ code [0-9]+)?$",
    r"\bUser ([^ ]+) (?:-|: Group\(s\)) |\(user= ([^() ]+)\)",
    r"\bby ([A-Za-z0-9_.@\\$-]+) (?:on (?:vty|console|pts|[0-9])|from (?:vty|console|pts))",
)
_NOBODY = ("", "-", "N/A", "n/a", "(null)", "null", "(none)", "unknown", "Unknown", "credentials")
_VERB = (
    r"(?i:\b(deny|denied|permit|permitted|allow|allowed|accept|accepted|block|blocked|drop|dropped"
    r"|reject|rejected|refused)\b)"
)
_TAG = CISCO_TAG.replace("[0-7]", "([0-7])").replace("[A-Za-z0-9_]+(", "([A-Za-z0-9_]+)(")
_UFW = r"(?:\[UFW |^flows |\bpattern: )([A-Z]+|allow|deny|block)\b"
"""What became of a packet, before the pairs, as ufw writes it, and before or behind them, as Meraki does."""
_WORD_FIRST = (
    r"^(?:(?:[^ ]+ )?[0-9]+-PPE-[0-9]+ : (?:[a-z]+ )?[A-Z0-9]+ ([A-Z][A-Z0-9_]+) "
    r"|(DHCP[A-Z]{3,10}|[A-Z][A-Z0-9]*_[A-Z0-9_]+|LOGIN|LOGOUT)(?:: |[( ])"
    r"|([a-z]+(?:_[a-z]+)+) [a-z_]+=|events (?:type=)?([a-z0-9]+(?:_[a-z0-9]+)+|(?:dis)?association)(?: |$))"
)
"""An event by its name: what NetScaler, dhcpd, Junos' plain messages and Meraki write."""
_NUMBER_FIRST = (
    "^(?:[0-9]{10} ([0-9]{4,5}) (?:NOTICE|INFO|WARN|ERROR|DEBUG|FATAL) |Event\\|([0-9]{1,9})\\|LOG_[A-Z]+\\|"
    "|([0-9][0-9a-f]{7}):[0-7]: )"
)
"""An event's number in messages of Cisco ISE, ArubaOS-CX and F5."""
_PROSE = r"\b[Aa]ction: [A-Za-z]+ [A-Za-z]+ [a-z]+(?: |[.]$)"
"""A sentence behind the word is no name of an action."""
_IN_COMMAS_SIGN = r"-4300[0-9]{2}: "
"""Firepower's events: keys, colons, commas, and values with blanks."""
_HAS_ADDRESS = rf"{_IPV4}|::|(?:{_HEX}:){{7}}"
_HAS_USER = (
    r"%(?:ASA|FTD)-[0-9]-3020|\(LOCAL\\|[Uu]ser|USER|[Uu]name|[Ll]ogin|LOGIN|logged|[Aa]dmin|[Aa]ccount"
    r"|password|publickey| by | for "
)
_CHECK_POINT = r"[ \[;]s_port:"


def said(text: pl.Series, tail: pl.Series | None = None) -> pl.DataFrame:
    """What each text says, in COLUMNS; null where it does not say it plainly.

    Arguments:
        text: the messages.
        tail: further text of each message with keys and values, such as structured data; null where there is none.
    """
    whole = text if tail is None else pl.select(pl.concat_str(tail, text, separator=" ", ignore_nulls=True)).to_series()
    rows = pl.DataFrame({"text": whole.alias("text"), "message": text.alias("message")})
    rows = rows.with_row_index("at").filter(pl.col("text").is_not_null() & (pl.col("text") != ""))
    tagged = rows.select("at", found=pl.col("message").str.extract_groups(_TAG)).unnest("found")
    tagged = tagged.drop_nulls("2").select("at", level="1", event_id="2")
    parts = [_ends(rows), _users(rows), tagged, _others(rows)]
    made = pl.DataFrame({"at": pl.int_range(len(text), dtype=pl.UInt32, eager=True)})
    for part in parts:
        both = [name for name in part.columns if name in made.columns and name != "at"]
        made = made.join(part, on="at", how="left", maintain_order="left").with_columns(
            pl.coalesce(name, f"{name}_right") for name in both
        )
        made = made.drop(f"{name}_right" for name in both)
    absent = {name: pl.lit(None, pl.String) for name in COLUMNS if name not in made.columns}
    return made.with_columns(**absent).select(_typed(name) for name in COLUMNS)


def _typed(name: str) -> pl.Expr:
    value = pl.col(name)
    if name.endswith("_port"):
        number = value.cast(pl.Int64, strict=False)
        return pl.when(number < 65_536).then(number).alias(name)
    if name == "proto":
        return _protocol(value).alias(name)
    if name == "user":
        # A sentence may end behind a name.
        value = value.str.strip_chars(" ").str.strip_chars_end(".,;:")
        # `new user: name=anna`: what follows is a pair of its own.
        value = value.str.replace(r"^name=", "")
        return pl.when(~value.is_in(_NOBODY) & ~value.str.contains("^[A-Za-z_]+=")).then(value).alias(name)
    return pl.when(value != "").then(value).alias(name)


def _protocol(value: pl.Expr) -> pl.Expr:
    """A protocol by its usual name, null where the word is none."""
    return value.str.to_lowercase().str.extract("^([^/]+)").replace_strict(SENSED, default=None)


def _ends(rows: pl.DataFrame) -> pl.DataFrame:
    """Addresses, ports and protocols; and what else the phrase says that has them."""
    left = rows.filter(pl.col("text").str.contains(f"{_HAS_ADDRESS}|{_TAG}|Z \\["))
    parts = []
    told = left
    for hints, phrase in _PHRASES:
        if not left.height:
            break
        # Polars keeps few regexes: forty in turn are compiled for every block, and that costs more than they do.
        if not left["message"].str.contains_any(hints).any():
            continue
        fits = left["message"].str.contains(phrase)
        if not fits.any():
            continue
        found = left.filter(fits).select("at", found=pl.col("message").str.extract_groups(phrase)).unnest("found")
        found = _one_each(found)
        # Names around an arrow may be anything: one end at least is an address.
        kept = found.filter(pl.any_horizontal(pl.col("src_ip", "dst_ip").is_not_null())) if "->" in phrase else found
        parts.append(kept)
        left = left.filter(~fits | ~pl.col("at").is_in(kept["at"].implode()))
    plain = told.select("at", found=pl.col("message").str.extract_groups(_FROM + _FROM_PORT)).unnest("found")
    plain = plain.rename({"1": "src_ip_", "2": "src_port_"})
    keyed = told.filter(pl.col("text").str.contains(_HAS_KEY))
    named = plain.join(keyed.select("at", *_by_keys()), on="at", how="left", maintain_order="left")
    named = named.with_columns(
        src_port=pl.when(pl.col("src_ip").is_null()).then(pl.coalesce("src_port", "src_port_")).otherwise("src_port"),
        src_ip=pl.coalesce("src_ip", "src_ip_"),
    ).drop("src_ip_", "src_port_")
    if not parts:
        return named
    phrased = pl.concat(parts, how="diagonal")
    verb = phrased.select("at").join(told, on="at", how="left", maintain_order="left")["message"].str.extract(_VERB)
    action = pl.coalesce("action", verb) if "action" in phrased.columns else verb
    phrased = phrased.with_columns(action=action)
    # What a phrase leaves out, a key may say: the phrase is the surer of the two.
    others = named.filter(~pl.col("at").is_in(phrased["at"].implode()))
    more = named.join(phrased.select("at"), on="at", how="semi").drop("src_ip", "src_port", "dst_ip", "dst_port")
    phrased = phrased.join(more, on="at", how="left", suffix="_key")
    for name in ("proto", "action", "url"):
        if f"{name}_key" in phrased.columns:
            phrased = phrased.with_columns(pl.coalesce(name, f"{name}_key")).drop(f"{name}_key")
    return pl.concat([phrased, others], how="diagonal")


def _one_each(found: pl.DataFrame) -> pl.DataFrame:
    """Groups by the columns that they fill: several fill one, and the direction says which end is which."""
    names = [name for name in found.columns if name != "at"]
    columns: dict[str, list[str]] = {}
    for name in names:
        columns.setdefault(re.sub("_[0-9]$", "", name), []).append(name)
    one = found.select("at", *(pl.coalesce(members).alias(column) for column, members in columns.items()))
    if "proto" in one.columns:
        one = one.with_columns(proto=_protocol(pl.col("proto")))
    if "far_ip" in one.columns:
        inbound = (pl.col("direction") == "inbound").fill_null(False)
        ends = [
            pl.when(inbound).then(f"{a}_{what}").otherwise(f"{b}_{what}").alias(f"{which}_{what}")
            for which, a, b in (("src", "far", "near"), ("dst", "near", "far"))
            for what in ("ip", "port")
        ]
        one = one.with_columns(ends).drop("far_ip", "far_port", "near_ip", "near_port")
    elif "direction" in one.columns:
        outbound = (pl.col("direction") == "outbound").fill_null(False)
        one = one.with_columns(
            pl.when(outbound).then(f"{b}_{what}").otherwise(f"{a}_{what}").alias(f"{a}_{what}")
            for a, b in (("src", "dst"), ("dst", "src"))
            for what in ("ip", "port")
        )
    return one.drop("direction", strict=False)


def _by_keys() -> list[pl.Expr]:
    """Values of keys."""
    text = pl.col("text")
    opens = r"[\"'<\[]?"
    ends = [
        expr
        for which in ("src", "dst")
        for expr in (
            text.str.extract(rf"{_key(*_ADDRESS_KEYS[f'{which}_ip'])}{opens}({_ADDRESS}){_AFTER}").alias(f"{which}_ip"),
            pl.coalesce(
                text.str.extract(rf"{_key(*_NUMBER_KEYS[f'{which}_port'])}{opens}([0-9]{{1,5}})(?:[^0-9A-Za-z]|$)"),
                text.str.extract(rf"{_key(which)}{opens}{_ADDRESS}:([0-9]{{1,5}})(?:[^0-9A-Za-z]|$)"),
            ).alias(f"{which}_port"),
        )
    ]
    service = pl.when(text.str.contains(_CHECK_POINT)).then(text.str.extract(r"[ \[;]service:\"([0-9]{1,5})\""))
    ends[-1] = pl.coalesce(ends[-1], service).alias("dst_port")
    return [*ends, text.str.extract(rf"{_key(*_PROTO_KEYS)}{opens}([A-Za-z0-9-]+)").alias("proto")]


def _values(text: pl.Expr, keys: Iterable[str]) -> pl.Expr:
    """The first value of some keys, in quotes or bare."""
    groups = text.str.extract_groups(_key(*keys) + _QUOTED).struct
    return pl.coalesce(groups.field(str(n)) for n in range(1, 5))


def _either(text: pl.Expr, pattern: str) -> pl.Expr:
    """The group that a match fills, of several."""
    groups = text.str.extract_groups(pattern).struct
    return pl.coalesce(groups.field(str(n)) for n in range(1, re.compile(pattern).groups + 1))


def _users(rows: pl.DataFrame) -> pl.DataFrame:
    left = rows.filter(pl.col("text").str.contains(_HAS_USER))
    message = pl.col("message")
    in_commas = message.str.contains(_IN_COMMAS_SIGN)
    users = [(message.str.extract_groups(pattern).struct, re.compile(pattern).groups) for pattern in _USERS]
    said_so = [pl.coalesce(found.field(str(n)) for n in range(1, count + 1)) for found, count in users]
    by_key = (
        pl.when(in_commas)
        .then(message.str.extract(_key("User") + _IN_COMMAS))
        .otherwise(_values(pl.col("text"), _USER_KEYS))
    )
    parts = []
    for user in (said_so[0], by_key, *said_so[1:]):
        if not left.height:
            break
        tried = left.with_columns(user=user)
        parts.append(tried.select("at", "user").drop_nulls("user"))
        left = tried.filter(pl.col("user").is_null()).drop("user")
    return pl.concat(parts) if parts else pl.DataFrame(schema={"at": pl.UInt32, "user": pl.String})


def _others(rows: pl.DataFrame) -> pl.DataFrame:
    """What became of it, an event's number, a URL."""
    text, message = pl.col("text"), pl.col("message")
    in_commas = message.str.contains(_IN_COMMAS_SIGN)
    spoken = rows["text"].str.contains("ction: ", literal=True).any()
    prose = text.str.contains(_PROSE) if spoken else pl.lit(value=False)
    by_key = rows.filter(text.str.contains(_HAS_KEY)).select(
        "at",
        action_key=pl.when(in_commas)
        .then(message.str.extract(r"\b(?:AccessControlRule|File|Inline)Action: (?:<br/>)?([^,]*)"))
        .when(~prose)
        .then(_values(text, _ACTION_KEYS)),
        event_id_key=_values(text, _ID_KEYS),
        url=pl.coalesce(
            pl.when(in_commas)
            .then(message.str.extract(_key("URL", "URI") + _IN_COMMAS))
            .otherwise(_values(text, _URL_KEYS)),
            message.str.extract(r"\brequest: (?:[A-Z]{3,10}|UNKNOWN) ([a-z]+://[^ ]+)"),
            message.str.extract(r"^(?:[A-Z][a-z]+: )?MID [0-9]+ URL ([^ ]+) "),
            message.str.extract(r" HTTPREQUEST .* : (?:GET|POST|PUT|HEAD|DELETE|OPTIONS|PATCH) ([^ ]+) - "),
        ),
    )
    found = rows.select(
        "at",
        action=pl.coalesce(
            message.str.extract(_UFW),
            _either(message, _WORD_FIRST),
            message.str.extract(r" - ([A-Z][A-Z0-9]*_[A-Z0-9_]+) \[(?:junos@|[a-z-]+=)"),
        ),
        event_id=_either(message, _NUMBER_FIRST),
    )
    joined = found.join(by_key, on="at", how="left", maintain_order="left")
    return joined.select(
        "at",
        "url",
        action=pl.coalesce("action_key", "action"),
        event_id=pl.coalesce("event_id_key", "event_id"),
    )
