import t from 'tap';
import { statisticsText } from '../../../devices/apps/commands/netstat-statistics.js';
import { row } from './socket-row.js';

const COUNTERS = Object.entries({
  'arp.requestsIn': 2,
  'icmp.echoRequestsIn': 3,
  'icmp.in': 9,
  'icmp.malformed': 1,
  'icmp.out': 3,
  'icmp.strayReply': 4,
  'icmp.typeEchoReplyIn': 4,
  'icmp.typeEchoReplyOut': 3,
  'icmp.typeEchoRequestIn': 3,
  'icmp.typeUnreachableIn': 1,
  'ipv4.delivered': 9,
  'ipv4.in': 10,
  'ipv4.loopback': 5,
  'ipv4.martianSource': 1,
  'tcp.badAck': 2,
  'tcp.badChecksum': 1,
  'tcp.keepAliveProbes': 6,
  'tcp.resetsIn': 1,
  'tcp.retransmissions': 2,
  'tcp.segmentsIn': 7,
  'tcp.segmentsOut': 11,
  'udp.in': 6,
  'udp.noPort': 2,
  'udp.receiveBufferFull': 1,
}).map(([name, value]) => ({ name, value }));

const SOCKETS = [row({ state: 'ESTABLISHED' }), row({ state: 'CLOSE_WAIT' }), row({ state: 'LISTEN' })];

t.test('the words of net-tools, then our own names', async (t) => {
  t.equal(
    statisticsText(COUNTERS, SOCKETS, new Set()),
    `Ip:
    10 total packets received
    1 with invalid addresses
    0 forwarded
    0 incoming packets discarded
    9 incoming packets delivered
    0 requests sent out
    loopback: 5
Icmp:
    9 ICMP messages received
    1 input ICMP message failed
    ICMP input histogram:
        destination unreachable: 1
        echo requests: 3
        echo replies: 4
    3 ICMP messages sent
    0 ICMP messages failed
    ICMP output histogram:
        echo replies: 3
    echoRequestsIn: 3
    strayReply: 4
Tcp:
    0 active connection openings
    0 passive connection openings
    0 failed connection attempts
    0 connection resets received
    2 connections established
    7 segments received
    9 segments sent out
    2 segments retransmitted
    1 bad segments received
    0 resets sent
Udp:
    3 packets received
    2 packets to unknown port received
    1 packet receive errors
    0 packets sent
    1 receive buffer errors
TcpExt:
    TCPKeepAlive: 6
    badAck: 2
    resetsIn: 1
Arp:
    requestsIn: 2
`,
  );
});

t.test('one protocol', async (t) => {
  t.match(
    statisticsText(COUNTERS, SOCKETS, new Set(['tcp'])),
    /^Tcp:\n[^:]*\nTcpExt:\n.*badAck: 2\n {4}resetsIn: 1\n$/s,
  );
  t.match(statisticsText(COUNTERS, SOCKETS, new Set(['udp'])), /^Udp:\n[^:]*$/);
});
