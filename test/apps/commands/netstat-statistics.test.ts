import t from 'tap';
import { statisticsText } from '../../../devices/apps/commands/netstat-statistics.js';
import { row } from './socket-row.js';

const COUNTERS = Object.entries({
  'arp.requestsIn': 2,
  'icmp.echoRequestsIn': 3,
  'icmp.errorsIn': 1,
  'icmp.strayReply': 4,
  'ipv4.delivered': 9,
  'ipv4.in': 10,
  'ipv4.loopback': 5,
  'ipv4.martianSource': 1,
  'tcp.badAck': 2,
  'tcp.badChecksum': 1,
  'tcp.keepAliveProbes': 6,
  'tcp.segmentsIn': 7,
  'udp.in': 5,
  'udp.noPort': 2,
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
    4 ICMP messages received
    0 input ICMP message failed
    ICMP input histogram:
        errors: 1
        echo requests: 3
    strayReply: 4
Tcp:
    2 connections established
    7 segments received
    0 segments sent out
    0 segments retransmitted
    1 bad segments received
    0 resets sent
Udp:
    3 packets received
    2 packets to unknown port received
    0 packet receive errors
    0 packets sent
TcpExt:
    TCPKeepAlive: 6
    badAck: 2
Arp:
    requestsIn: 2
`,
  );
});

t.test('one protocol', async (t) => {
  t.match(statisticsText(COUNTERS, SOCKETS, new Set(['tcp'])), /^Tcp:\n[^:]*\nTcpExt:\n.*badAck: 2\n$/s);
  t.match(statisticsText(COUNTERS, SOCKETS, new Set(['udp'])), /^Udp:\n[^:]*$/);
});
