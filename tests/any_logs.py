"""One hour's work of many products on the same traffic: a log of each, written from its vendor's list of fields.

The hosts, names and sizes are made up. Among the noise of people who browse one host calls home.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

__all__ = ["BEACON", "LOGS", "Flow", "Log", "flows"]


@dataclass(frozen=True)
class Flow:
    """One connection as the network saw it."""

    at: datetime
    seconds: float
    src: str
    src_port: int
    dst: str
    dst_port: int
    name: str
    sent: int
    """Payload bytes; likewise"""
    received: int
    sent_packets: int
    received_packets: int

    @property
    def end(self) -> datetime:
        """When its last packet was seen."""
        return self.at + timedelta(seconds=self.seconds)

    @property
    def ip_sent(self) -> int:
        """Bytes with headers of IP and TCP (20 and 32 bytes a packet)."""
        return self.sent + 52 * self.sent_packets

    @property
    def ip_received(self) -> int:
        """As `ip_sent`, the other way."""
        return self.received + 52 * self.received_packets


@dataclass(frozen=True)
class Beacon:
    """What is to be found."""

    src: str = "10.20.1.23"
    dst: str = "203.0.113.50"
    dst_port: int = 443
    name: str = "telemetry.beacon-home.example"
    period: float = 300.0
    calls: int = 72
    sent: int = 412
    received: int = 1180
    sent_packets: int = 6
    received_packets: int = 5


BEACON = Beacon()
BEGAN = datetime(2026, 3, 10, 6, 0, 0, tzinfo=UTC)
"""A day without a change of clocks."""


def flows() -> list[Flow]:
    """Six hours of traffic in the order of time."""
    dice = random.Random(20260310)
    found = []
    for n in range(BEACON.calls):
        at = BEGAN + timedelta(seconds=round(17 + BEACON.period * n + dice.uniform(-3, 3), 3))
        size = (BEACON.sent, BEACON.received, BEACON.sent_packets, BEACON.received_packets)
        port = 40_000 + (n * 37) % 20_000
        found.append(Flow(at, 0.412, BEACON.src, port, BEACON.dst, BEACON.dst_port, BEACON.name, *size))
    servers = [(f"198.51.100.{n}", f"www{n}.site-{n % 17}.example") for n in range(1, 61)]
    for host in range(12):
        src = f"10.20.1.{20 + host}"
        at = BEGAN + timedelta(seconds=dice.uniform(0, 900))
        while at < BEGAN + timedelta(hours=6):
            dst, name = dice.choice(servers)
            for _ in range(dice.randrange(1, 7)):
                at += timedelta(seconds=round(dice.uniform(0.02, 2), 3))
                sent, received = dice.randrange(200, 4000), dice.randrange(300, 200_000)
                packets = sent // 1400 + 4, received // 1400 + 4
                port = dice.randrange(49_152, 65_000)
                seconds = round(dice.uniform(0.05, 20), 3)
                found.append(Flow(at, seconds, src, port, dst, 443, name, sent, received, *packets))
            at += timedelta(seconds=round(dice.expovariate(1 / 240), 3))
    return sorted(found, key=lambda flow: flow.at)


def _lines(made: Sequence[str], *above: str) -> str:
    return "\n".join((*above, *made)) + "\n"


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _json(made: Sequence[dict[str, object]]) -> str:
    return _lines([json.dumps(one) for one in made])


def _stamp(moment: datetime, fmt: str, digits: int = 3) -> str:
    """A time with so many digits of a second."""
    return moment.strftime(fmt) + (f".{moment.microsecond:06}"[: digits + 1] if digits else "")


_DAY = "%Y-%m-%d %H:%M:%S"


# -- sensors ---------------------------------------------------------------------------------------------------------


def zeek(seen: Sequence[Flow]) -> str:
    """conn.log as TSV."""
    fields = (
        "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes resp_bytes conn_state"
        " missed_bytes history orig_pkts orig_ip_bytes resp_pkts resp_ip_bytes"
    )
    types = (
        "time string addr port addr port enum string interval count count string count string count count count count"
    )
    return _lines(
        [
            "\t".join(
                map(
                    str,
                    (
                        *(f"{flow.at.timestamp():.6f}", f"C{n:017}", flow.src, flow.src_port, flow.dst, flow.dst_port),
                        *("tcp", "ssl", f"{flow.seconds:.6f}", flow.sent, flow.received, "SF", 0, "ShADadFf"),
                        *(flow.sent_packets, flow.ip_sent, flow.received_packets, flow.ip_received),
                    ),
                )
            )
            for n, flow in enumerate(seen)
        ],
        "#separator \\x09",
        "#set_separator\t,",
        "#empty_field\t(empty)",
        "#unset_field\t-",
        "#path\tconn",
        "#fields\t" + fields.replace(" ", "\t"),
        "#types\t" + types.replace(" ", "\t"),
    )


def eve(seen: Sequence[Flow]) -> str:
    """Suricata: a flow record each, bytes with headers."""
    return _json(
        [
            {
                "timestamp": _stamp(flow.end, "%Y-%m-%dT%H:%M:%S", 6) + "+0000",
                "flow_id": 1_000_000_000 + n,
                "event_type": "flow",
                "src_ip": flow.src,
                "src_port": flow.src_port,
                "dest_ip": flow.dst,
                "dest_port": flow.dst_port,
                "proto": "TCP",
                "app_proto": "tls",
                "flow": {
                    "pkts_toserver": flow.sent_packets,
                    "pkts_toclient": flow.received_packets,
                    "bytes_toserver": flow.ip_sent,
                    "bytes_toclient": flow.ip_received,
                    "start": _stamp(flow.at, "%Y-%m-%dT%H:%M:%S", 6) + "+0000",
                    "end": _stamp(flow.end, "%Y-%m-%dT%H:%M:%S", 6) + "+0000",
                    "age": int(flow.seconds),
                    "state": "closed",
                    "reason": "timeout",
                },
            }
            for n, flow in enumerate(seen)
        ]
    )


# -- flow collectors ---------------------------------------------------------------------------------------------------


def argus_labelled(seen: Sequence[Flow]) -> str:
    """Argus `ra -c ,` with the columns that labelled data sets have."""
    return _lines(
        [
            f"{_stamp(flow.at, '%Y/%m/%d %H:%M:%S', 6)},{flow.seconds:.6f},tcp,{flow.src},{flow.src_port},   ->,"
            f"{flow.dst},{flow.dst_port},FSPA_FSPA,0,0,{flow.sent_packets + flow.received_packets},"
            f"{flow.ip_sent + flow.ip_received},{flow.ip_sent},flow=Background"
            for flow in seen
        ],
        "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes,Label",
    )


def argus(seen: Sequence[Flow]) -> str:
    """Argus `ra -c ,` with its own columns: one count of bytes for both ways."""
    return _lines(
        [
            f"{_stamp(flow.at, '%Y-%m-%dT%H:%M:%S', 6)}Z, e        ,tcp,{flow.src},{flow.src_port},   ->,{flow.dst},"
            f"{flow.dst_port},{flow.sent_packets + flow.received_packets},{flow.ip_sent + flow.ip_received},FIN"
            for flow in seen
        ],
        "StartTime,Flgs,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,TotPkts,TotBytes,State",
    )


def argus_epoch(seen: Sequence[Flow]) -> str:
    """Argus `ra -u -n -c , -s stime ltime ... sbytes dbytes sappbytes dappbytes`: times since 1970, payload too."""
    return _lines(
        [
            f"{flow.at.timestamp():.6f},{flow.end.timestamp():.6f},6,{flow.src},{flow.src_port},{flow.dst},"
            f"{flow.dst_port},{flow.sent_packets},{flow.received_packets},{flow.ip_sent},{flow.ip_received},"
            f"{flow.sent},{flow.received}"
            for flow in seen
        ],
        "StartTime,LastTime,Proto,SrcAddr,Sport,DstAddr,Dport,SrcPkts,DstPkts,SrcBytes,DstBytes,SAppBytes,DAppBytes",
    )


def _halves(seen: Sequence[Flow]) -> list[tuple[datetime, datetime, tuple[str, int, str, int], int, int]]:
    """Each connection as NetFlow exports it: one record a direction, in the order of their ends."""
    found = []
    for flow in seen:
        there = (flow.src, flow.src_port, flow.dst, flow.dst_port)
        back = (flow.dst, flow.dst_port, flow.src, flow.src_port)
        later = flow.at + timedelta(milliseconds=12)
        found.append((flow.at, flow.end, there, flow.sent_packets, flow.ip_sent))
        found.append((later, flow.end + timedelta(milliseconds=3), back, flow.received_packets, flow.ip_received))
    return sorted(found, key=lambda half: half[1])


def nfdump_old(seen: Sequence[Flow]) -> str:
    """nfdump 1.6 `-o csv`: 48 columns and a summary below."""
    header = (
        "ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt,in,out,sas,das,smk,dmk,dtos,dir,nh,nhb,svln,dvln,"
        "ismc,odmc,idmc,osmc,mpls1,mpls2,mpls3,mpls4,mpls5,mpls6,mpls7,mpls8,mpls9,mpls10,cl,sl,al,ra,eng,exid,tr"
    )
    rows = [
        f"{_stamp(start, _DAY, 0)},{_stamp(end, _DAY, 0)},{(end - start).total_seconds():.3f},{sa},{da},{sp},{dp},TCP,"
        f"...AP.SF,0,0,{packets},{size},0,0,1,2,0,0,0,0,0,0,0.0.0.0,0.0.0.0,0,0,00:00:00:00:00:00,00:00:00:00:00:00,"
        f"00:00:00:00:00:00,00:00:00:00:00:00,{','.join(['0-0-0'] * 10)},    0.000,    0.000,    0.000,192.0.2.1,0/0,1,"
        f"{_stamp(end, _DAY)}"
        for start, end, (sa, sp, da, dp), packets, size in _halves(seen)
    ]
    summary = (
        "Summary",
        "flows,bytes,packets,avg_bps,avg_pps,avg_bpp",
        f"{len(rows)},{sum(half[4] for half in _halves(seen))},{sum(half[3] for half in _halves(seen))},1,1,1",
    )
    return _lines([*rows, *summary], header)


def nfdump_new(seen: Sequence[Flow]) -> str:
    """nfdump 1.7.5 `-o csv`."""
    return _lines(
        [
            f"{_stamp(start, _DAY)},{(end - start).total_seconds():.3f},TCP,{sa},{sp},{da},{dp},{packets},{size},1"
            for start, end, (sa, sp, da, dp), packets, size in _halves(seen)
        ],
        "firstSeen,duration,proto,srcAddr,srcPort,dstAddr,dstPort,packets,bytes,flows",
    )


def nfdump_json(seen: Sequence[Flow]) -> str:
    """nfdump `-o json`: an array of indented objects."""
    return json.dumps(_nfdump_objects(seen), indent=1) + "\n"


def nfdump_ndjson(seen: Sequence[Flow]) -> str:
    """nfdump `-o ndjson`."""
    return _json(_nfdump_objects(seen))


def _nfdump_objects(seen: Sequence[Flow]) -> list[dict[str, object]]:
    return [
        {
            "type": "FLOW",
            "sampled": 0,
            "export_sysid": 1,
            "first": _stamp(start, "%Y-%m-%dT%H:%M:%S"),
            "last": _stamp(end, "%Y-%m-%dT%H:%M:%S"),
            "received": _stamp(end, "%Y-%m-%dT%H:%M:%S"),
            "in_packets": packets,
            "in_bytes": size,
            "proto": 6,
            "tcp_flags": "...AP.SF",
            "src_port": sp,
            "dst_port": dp,
            "fwd_status": 0,
            "src_tos": 0,
            "src4_addr": sa,
            "dst4_addr": da,
            "ip4_router": "192.0.2.1",
            "label": "<none>",
        }
        for start, end, (sa, sp, da, dp), packets, size in _halves(seen)
    ]


def _scaled(size: int) -> str:
    """A number as nfdump shows it: from a million on as `1.2 M`."""
    return f"{size / 1_000_000:.1f} M" if size >= 1_000_000 else str(size)


def nfdump_line(seen: Sequence[Flow]) -> str:
    """nfdump's default output for the eye."""
    return _lines(
        [
            f"{_stamp(start, _DAY)}     {_clock((end - start).total_seconds())} TCP   {f'{sa}:{sp}':>21} -> "
            f"{f'{da}:{dp}':<21}    {_scaled(packets):>6}   {_scaled(size):>6}     1"
            for start, end, (sa, sp, da, dp), packets, size in _halves(seen)
        ]
        + [
            "Summary: total flows: 1, total bytes: 1.2 M, total packets: 1, avg bps: 1, avg pps: 0, avg bpp: 1",
            "Time window: 2026-03-10 06:00:00 - 2026-03-10 12:00:00",
            "Total flows processed: 1, passed: 1, Blocks skipped: 0, Bytes read: 1",
            "Sys: 0.0040s User: 0.0040s Wall: 0.0049s flows/second: 1.0 Runtime: 0.0060s",
        ],
        "Date first seen             Duration  Proto       Src IP Addr:Port           Dst IP Addr:Port     Packets"
        "    Bytes Flows",
    )


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 3600:02}:{int(seconds) // 60 % 60:02}:{seconds % 60:06.3f}"


def silk(seen: Sequence[Flow]) -> str:
    """SiLK `rwcut` with its default fields: times in UTC."""
    header = (
        f"{'sIP':>39}|{'dIP':>39}|sPort|dPort|pro|   packets|     bytes|   flags|{'sTime':>23}| duration|"
        f"{'eTime':>23}|sen|"
    )
    return _lines(
        [
            f"{sa:>39}|{da:>39}|{sp:>5}|{dp:>5}|  6|{packets:>10}|{size:>10}|FS PA   |"
            f"{_stamp(start, '%Y/%m/%dT%H:%M:%S'):>23}|{(end - start).total_seconds():>9.3f}|"
            f"{_stamp(end, '%Y/%m/%dT%H:%M:%S'):>23}| S1|"
            for start, end, (sa, sp, da, dp), packets, size in _halves(seen)
        ],
        header,
    )


def pmacct(seen: Sequence[Flow]) -> str:
    """pmacct's JSON with the primitives of one flow and its times."""
    return _json(
        [
            {
                "event_type": "purge",
                "ip_src": sa,
                "ip_dst": da,
                "port_src": sp,
                "port_dst": dp,
                "ip_proto": "tcp",
                "tcp_flags": "27",
                "timestamp_start": _stamp(start, _DAY, 6),
                "timestamp_end": _stamp(end, _DAY, 6),
                "peer_ip_src": "192.0.2.1",
                "packets": packets,
                "bytes": size,
                "writer_id": "default_print/1",
            }
            for start, end, (sa, sp, da, dp), packets, size in _halves(seen)
        ]
    )


def goflow2(seen: Sequence[Flow]) -> str:
    """GoFlow2 `-format=json`."""
    return _json(
        [
            {
                "type": "NETFLOW_V9",
                "time_received_ns": _ms(end) * 1_000_000 + 5_000_000_000,
                "sequence_num": n,
                "sampling_rate": 0,
                "sampler_address": "192.0.2.1",
                "time_flow_start_ns": _ms(start) * 1_000_000,
                "time_flow_end_ns": _ms(end) * 1_000_000,
                "bytes": size,
                "packets": packets,
                "src_addr": sa,
                "dst_addr": da,
                "etype": "IPv4",
                "proto": "TCP",
                "src_port": sp,
                "dst_port": dp,
                "in_if": 1,
                "out_if": 2,
                "tcp_flags": 27,
            }
            for n, (start, end, (sa, sp, da, dp), packets, size) in enumerate(_halves(seen))
        ]
    )


def logstash(seen: Sequence[Flow]) -> str:
    """Logstash's netflow codec, NetFlow v9."""
    return _json(
        [
            {
                "@timestamp": _stamp(end, "%Y-%m-%dT%H:%M:%S") + "Z",
                "@version": "1",
                "host": "192.0.2.1",
                "netflow": {
                    "version": 9,
                    "flowset_id": 256,
                    "flow_seq_num": n,
                    "ipv4_src_addr": sa,
                    "ipv4_dst_addr": da,
                    "l4_src_port": sp,
                    "l4_dst_port": dp,
                    "protocol": 6,
                    "in_bytes": size,
                    "in_pkts": packets,
                    "first_switched": _stamp(start, "%Y-%m-%dT%H:%M:%S") + "Z",
                    "last_switched": _stamp(end, "%Y-%m-%dT%H:%M:%S") + "Z",
                },
            }
            for n, (start, end, (sa, sp, da, dp), packets, size) in enumerate(_halves(seen))
        ]
    )


def elastiflow(seen: Sequence[Flow]) -> str:
    """ElastiFlow's collector in its own schema (CODEX)."""
    return _json(
        [
            {
                "@timestamp": _stamp(end, "%Y-%m-%dT%H:%M:%S") + "Z",
                "flow.export.type": "ipfix",
                "flow.export.ip.addr": "192.0.2.1",
                "flow.start.timestamp": _stamp(start, "%Y-%m-%dT%H:%M:%S") + "Z",
                "flow.end.timestamp": _stamp(end, "%Y-%m-%dT%H:%M:%S") + "Z",
                "flow.src.ip.addr": sa,
                "flow.src.l4.port.id": sp,
                "flow.dst.ip.addr": da,
                "flow.dst.l4.port.id": dp,
                "l4.proto.name": "TCP",
                "flow.bytes": size,
                "flow.packets": packets,
            }
            for start, end, (sa, sp, da, dp), packets, size in _halves(seen)
        ]
    )


def filebeat(seen: Sequence[Flow]) -> str:
    """Filebeat's netflow input, IPFIX, with Elastic's common names beside it."""
    return _json(
        [
            {
                "@timestamp": _stamp(end, "%Y-%m-%dT%H:%M:%S") + "Z",
                "event": {
                    "kind": "event",
                    "category": ["network"],
                    "action": "netflow_flow",
                    "start": _stamp(start, "%Y-%m-%dT%H:%M:%S") + "Z",
                    "end": _stamp(end, "%Y-%m-%dT%H:%M:%S") + "Z",
                    "duration": round((end - start).total_seconds() * 1e9),
                },
                "source": {"ip": sa, "port": sp, "bytes": size, "packets": packets},
                "destination": {"ip": da, "port": dp},
                "network": {"transport": "tcp", "bytes": size, "packets": packets, "iana_number": 6},
                "netflow": {
                    "type": "netflow_flow",
                    "source_ipv4_address": sa,
                    "destination_ipv4_address": da,
                    "source_transport_port": sp,
                    "destination_transport_port": dp,
                    "protocol_identifier": 6,
                    "octet_delta_count": size,
                    "packet_delta_count": packets,
                    "flow_start_milliseconds": _stamp(start, "%Y-%m-%dT%H:%M:%S") + "Z",
                    "flow_end_milliseconds": _stamp(end, "%Y-%m-%dT%H:%M:%S") + "Z",
                    "exporter": {"address": "192.0.2.1:2055", "version": 10},
                },
            }
            for start, end, (sa, sp, da, dp), packets, size in _halves(seen)
        ]
    )


def yaf(seen: Sequence[Flow]) -> str:
    """yaf through super_mediator as JSON: both ways in one record."""
    return _json(
        [
            {
                "flows": {
                    "flowStartMilliseconds": _stamp(flow.at, _DAY),
                    "flowEndMilliseconds": _stamp(flow.end, _DAY),
                    "flowDurationMilliseconds": flow.seconds,
                    "reverseFlowDeltaMilliseconds": 0.012,
                    "protocolIdentifier": 6,
                    "sourceIPv4Address": flow.src,
                    "sourceTransportPort": flow.src_port,
                    "packetTotalCount": flow.sent_packets,
                    "octetTotalCount": flow.ip_sent,
                    "destinationIPv4Address": flow.dst,
                    "destinationTransportPort": flow.dst_port,
                    "reversePacketTotalCount": flow.received_packets,
                    "reverseOctetTotalCount": flow.ip_received,
                    "flowEndReason": "closed",
                }
            }
            for flow in seen
        ]
    )


# -- firewalls ---------------------------------------------------------------------------------------------------------


def paloalto(seen: Sequence[Flow]) -> str:
    """PAN-OS traffic by syslog."""
    clock = "%Y/%m/%d %H:%M:%S"
    return _lines(
        [
            f"<14>{_stamp(flow.end, '%b %d %H:%M:%S', 0)} fw1 1,{_stamp(flow.end, clock, 0)},001801000001,TRAFFIC,end,"
            f"2561,{_stamp(flow.end, clock, 0)},{flow.src},{flow.dst},0.0.0.0,0.0.0.0,allow-web,,,ssl,vsys1,trust,"
            f"untrust,ethernet1/2,ethernet1/1,forward,{_stamp(flow.end, clock, 0)},{1000 + n},1,{flow.src_port},"
            f"{flow.dst_port},0,0,0x1c,tcp,allow,{flow.ip_sent + flow.ip_received},{flow.ip_sent},{flow.ip_received},"
            f"{flow.sent_packets + flow.received_packets},{_stamp(flow.at, clock, 0)},{int(flow.seconds)},any,0,{n},"
            f"0x0,10.0.0.0-10.255.255.255,United States,0,{flow.sent_packets},{flow.received_packets},tcp-fin,0,0,0,0,,"
            "fw1,from-policy"
            for n, flow in enumerate(seen)
        ]
    )


def fortinet(seen: Sequence[Flow]) -> str:
    """FortiGate traffic: written at the end of a session."""
    return _lines(
        [
            f'date={flow.end:%Y-%m-%d} time={flow.end:%H:%M:%S} devname="fgt1" devid="FGT0000000000001" '
            f'eventtime={_ms(flow.end) * 1_000_000} tz="+0000" logid="0000000013" type="traffic" subtype="forward" '
            f'level="notice" vd="root" srcip={flow.src} srcport={flow.src_port} srcintf="lan" srcintfrole="lan" '
            f'dstip={flow.dst} dstport={flow.dst_port} dstintf="wan1" dstintfrole="wan" sessionid={5000 + n} proto=6 '
            f'action="close" policyid=1 policytype="policy" service="HTTPS" trandisp="snat" '
            f"duration={round(flow.seconds)} sentbyte={flow.ip_sent} rcvdbyte={flow.ip_received} "
            f'sentpkt={flow.sent_packets} rcvdpkt={flow.received_packets} appcat="unscanned"'
            for n, flow in enumerate(seen)
        ]
    )


def checkpoint(seen: Sequence[Flow]) -> str:
    """Check Point's log exporter, format syslog, of a rule with accounting."""
    return _lines(
        [
            f"<134>1 {_stamp(flow.at, '%Y-%m-%dT%H:%M:%S', 0)}Z gw1 CheckPoint 18000 - "
            f'[action:"Accept"; flags:"411908"; ifdir:"outbound"; ifname:"eth1"; logid:"0"; '
            f'loguid:"{{0x{n:x},0x0,0x0,0x0}}"; origin:"192.0.2.1"; time:"{int(flow.at.timestamp())}"; version:"5"; '
            '__policy_id_tag:"product=VPN-1";'
            f' dst:"{flow.dst}"; product:"VPN-1 & FireWall-1"; proto:"6"; s_port:"{flow.src_port}"; '
            f'service:"{flow.dst_port}"; service_id:"https"; src:"{flow.src}"; elapsed:"{int(flow.seconds)}"; '
            f'client_inbound_bytes:"{flow.ip_sent}"; client_outbound_bytes:"{flow.ip_received}"]'
            for n, flow in enumerate(seen)
        ]
    )


def checkpoint_splunk(seen: Sequence[Flow]) -> str:
    """Check Point's log exporter, format splunk."""
    return _lines(
        [
            f"time={int(flow.at.timestamp())}|hostname=gw1|severity=Informational|product=VPN-1 & FireWall-1|"
            f"action=Accept|ifdir=outbound|ifname=eth1|logid=0|loguid={{0x{n:x},0x0,0x0,0x0}}|origin=192.0.2.1|"
            f"version=5|dst={flow.dst}|proto=6|s_port={flow.src_port}|service={flow.dst_port}|service_id=https|"
            f"src={flow.src}|elapsed={int(flow.seconds)}|client_inbound_bytes={flow.ip_sent}|"
            f"client_outbound_bytes={flow.ip_received}"
            for n, flow in enumerate(seen)
        ]
    )


def asa(seen: Sequence[Flow]) -> str:
    """Cisco ASA: a message as a connection is built, another as it is torn down; bytes of both ways together."""
    told = []
    for n, flow in enumerate(seen):
        number = 70_000 + n
        ends = f"outside:{flow.dst}/{flow.dst_port}", f"inside:{flow.src}/{flow.src_port}"
        told.append(
            (
                flow.at,
                f"%ASA-6-302013: Built outbound TCP connection {number} for {ends[0]} ({flow.dst}/{flow.dst_port}) to "
                f"{ends[1]} (192.0.2.1/{flow.src_port})",
            )
        )
        told.append(
            (
                flow.end,
                f"%ASA-6-302014: Teardown TCP connection {number} for {ends[0]} to {ends[1]} duration "
                f"{int(flow.seconds) // 3600}:{int(flow.seconds) // 60 % 60:02}:{int(flow.seconds) % 60:02} bytes "
                f"{flow.sent + flow.received} TCP FINs",
            )
        )
    told.sort(key=lambda one: one[0])
    return _lines([f"<166>{_stamp(at, '%b %d %Y %H:%M:%S', 0)} asa1 : {text}" for at, text in told])


def windows_firewall(seen: Sequence[Flow]) -> str:
    """pfirewall.log: the machine's own connections, local time, no bytes."""
    own = [flow for flow in seen if flow.src == BEACON.src]
    return _lines(
        [
            f"{_stamp(flow.at, _DAY, 0)} ALLOW TCP {flow.src} {flow.dst} {flow.src_port} {flow.dst_port} 0 - 0 0 0 - - "
            "- SEND 1234"
            for flow in own
        ],
        "#Version: 1.5",
        "#Software: Microsoft Windows Firewall",
        "#Time Format: Local",
        "#Fields: date time action protocol src-ip dst-ip src-port dst-port size tcpflags tcpsyn tcpack tcpwin icmptype"
        " icmpcode info path pid",
        "",
    )


def vpc(seen: Sequence[Flow]) -> str:
    """AWS VPC flow logs: one record a direction, times in whole seconds."""
    return _lines(
        [
            f"2 123456789012 eni-0a1b2c3d {sa} {da} {sp} {dp} 6 {packets} {size} {int(start.timestamp())} "
            f"{int(end.timestamp())} ACCEPT OK"
            for start, end, (sa, sp, da, dp), packets, size in _halves(seen)
        ],
        "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action"
        " log-status",
    )


# -- proxies -----------------------------------------------------------------------------------------------------------


def squid(seen: Sequence[Flow]) -> str:
    """Squid's native access.log: written at the end of a request, its duration in ms, bytes to the client."""
    return _lines(
        [
            f"{flow.end.timestamp():.3f} {round(flow.seconds * 1000):>6} {flow.src} TCP_TUNNEL/200 {flow.received} "
            f"CONNECT {flow.name}:443 - HIER_DIRECT/{flow.dst} -"
            for flow in seen
        ]
    )


def bluecoat(seen: Sequence[Flow]) -> str:
    """Blue Coat ProxySG's main format: UTC, written at the end of a request; s-ip is the proxy's."""
    return _lines(
        [
            f'{_stamp(flow.end, _DAY, 0)} {round(flow.seconds * 1000)} {flow.src} - - OBSERVED "Technology/Internet" - '
            f'200 TCP_TUNNELED CONNECT - tcp {flow.name} 443 / - - "Mozilla/5.0" 192.0.2.8 {flow.received} '
            f"{flow.sent} -"
            for flow in seen
        ],
        "#Software: SGOS 6.7.4.1",
        "#Version: 1.0",
        "#Date: 2026-03-10 06:00:00",
        "#Fields: date time time-taken c-ip cs-username cs-auth-group sc-filter-result cs-categories cs(Referer)"
        " sc-status s-action cs-method rs(Content-Type) cs-uri-scheme cs-host cs-uri-port cs-uri-path cs-uri-query"
        " cs-uri-extension cs(User-Agent) s-ip sc-bytes cs-bytes x-virus-id",
    )


def zscaler_splunk(seen: Sequence[Flow]) -> str:
    """Zscaler NSS, the feed that its guide gives for Splunk: tabs between name=value pairs."""
    return _lines(
        [
            f"{_stamp(flow.end, _DAY, 0)}\treason=Allowed\tevent_id={n}\tprotocol=SSL\taction=Allowed\t"
            f"transactionsize={flow.sent + flow.received}\tresponsesize={flow.received}\trequestsize={flow.sent}\t"
            f"urlcategory=Other\tserverip={flow.dst}\trequestmethod=CONNECT\trefererURL=None\tuseragent=None\t"
            f"product=NSS\tlocation=Office\tClientIP={flow.src}\tstatus=200\tuser=someone@corp.example\t"
            f"url={flow.name}:443\tvendor=Zscaler\thostname={flow.name}\tclientpublicIP=192.0.2.9\t"
            f"threatcategory=None\tthreatname=None\tfiletype=None\tappname=General Browsing\tpagerisk=0\t"
            f"department=Default\turlsupercategory=Other\tappclass=General\tdlpengine=None\turlclass=Business Use\t"
            f"threatclass=None\tdlpdictionaries=None\tfileclass=None\tbwthrottle=NO\tcontenttype=Other\t"
            f"unscannabletype=None\tdeviceowner=NA\tdevicehostname=NA\tkeyprotectiontype=N/A"
            for n, flow in enumerate(seen)
        ]
    )


def zscaler_json(seen: Sequence[Flow]) -> str:
    """Zscaler cloud NSS as JSON: an event in an object of its source type."""
    return _json(
        [
            {
                "sourcetype": "zscalernss-web",
                "event": {
                    "datetime": _stamp(flow.end, "%a %b %d %H:%M:%S %Y", 0),
                    "epochtime": str(int(flow.end.timestamp())),
                    "reason": "Allowed",
                    "event_id": str(n),
                    "protocol": "SSL",
                    "action": "Allowed",
                    "transactionsize": str(flow.sent + flow.received),
                    "responsesize": str(flow.received),
                    "requestsize": str(flow.sent),
                    "serverip": flow.dst,
                    "requestmethod": "CONNECT",
                    "useragent": "None",
                    "product": "NSS",
                    "ClientIP": flow.src,
                    "status": "200",
                    "user": "someone@corp.example",
                    "url": f"{flow.name}:443",
                    "vendor": "Zscaler",
                    "hostname": flow.name,
                },
            }
            for n, flow in enumerate(seen)
        ]
    )


def plain_csv(seen: Sequence[Flow]) -> str:
    """A table of nobody's, for a column map."""
    return _lines(
        [f"{_stamp(flow.at, _DAY)};{flow.src};{flow.dst};{flow.dst_port};{flow.sent};{flow.received}" for flow in seen],
        "quand;de;vers;port;envoye;recu",
    )


MAP = {
    "table": "connections",
    "zone": "UTC",
    "columns": {
        "time": "quand",
        "src_ip": "de",
        "dst_ip": "vers",
        "dst_port": "port",
        "orig_bytes": "envoye",
        "resp_bytes": "recu",
    },
}


@dataclass(frozen=True)
class Log:
    """A log, and what of the beacon it can tell."""

    write: Callable[[Sequence[Flow]], str]
    file: str
    sent: int | None = BEACON.sent
    """Bytes that each call sent, by this log; null: it does not say."""
    bytes: str = "payload"
    """`payload`, `IP-level`, or nothing."""
    zone: str | None = "UTC"
    """What has to be said of its clock."""
    port: bool = True
    name: bool = False
    dst: bool = True
    map: dict[str, object] | None = None
    hosts: int = 12


IP_SENT = BEACON.sent + 52 * BEACON.sent_packets
LOGS = {
    "zeek": Log(zeek, "conn.log", zone=None),
    "suricata": Log(eve, "eve.json", IP_SENT, "IP-level", zone=None),
    "argus-labelled": Log(argus_labelled, "capture.binetflow", IP_SENT, "IP-level"),
    "argus": Log(argus, "ra.csv", None, "", zone=None),
    "argus-epoch": Log(argus_epoch, "ra.csv", zone=None),
    "nfdump-1.6": Log(nfdump_old, "flows.csv", IP_SENT, "IP-level"),
    "nfdump-1.7": Log(nfdump_new, "flows.csv", IP_SENT, "IP-level"),
    "nfdump-json": Log(nfdump_json, "flows.json", IP_SENT, "IP-level"),
    "nfdump-ndjson": Log(nfdump_ndjson, "flows.ndjson", IP_SENT, "IP-level"),
    "nfdump-line": Log(nfdump_line, "flows.txt", IP_SENT, "IP-level"),
    "silk": Log(silk, "rwcut.txt", IP_SENT, "IP-level", zone=None),
    "pmacct": Log(pmacct, "flows.json", IP_SENT, "IP-level"),
    "goflow2": Log(goflow2, "flows.log", IP_SENT, "IP-level", zone=None),
    "logstash-netflow": Log(logstash, "netflow.json", IP_SENT, "IP-level", zone=None),
    "elastiflow": Log(elastiflow, "flows.json", IP_SENT, "IP-level", zone=None),
    "filebeat-netflow": Log(filebeat, "flows.ndjson", IP_SENT, "IP-level", zone=None),
    "yaf": Log(yaf, "flows.json", IP_SENT, "IP-level", zone=None),
    "aws-vpc": Log(vpc, "vpc.log", IP_SENT, "IP-level", zone=None),
    "paloalto": Log(paloalto, "traffic.log", IP_SENT),
    "fortinet": Log(fortinet, "traffic.log", IP_SENT, zone=None),
    "checkpoint": Log(checkpoint, "cp.log", None, "", zone=None),
    "checkpoint-splunk": Log(checkpoint_splunk, "cp.log", IP_SENT, zone=None),
    "cisco-asa": Log(asa, "asa.log", None, ""),
    "windows-firewall": Log(windows_firewall, "pfirewall.log", None, "", hosts=1),
    "squid": Log(squid, "access.log", None, "", zone=None, name=True),
    "bluecoat": Log(bluecoat, "proxy.log", zone=None, name=True),
    "zscaler-splunk": Log(zscaler_splunk, "nss.log", name=True),
    "zscaler-json": Log(zscaler_json, "nss.json", name=True, zone=None),
    "csv-with-map": Log(plain_csv, "mine.csv", map=MAP),
}
