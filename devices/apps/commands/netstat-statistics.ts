/**
 * `netstat -s`: the machine's counters in the groups and words of net-tools, as far as its words mean the same; what only
 * we count comes under its own name at the end of its group.
 */
import type { CounterRow, SocketRow } from '../../control/tables.js';
import { stateOf } from './ss-state.js';

interface Line {
  /** `%` is where the number goes. */
  readonly text: string;
  /** Their sum; those with a minus in front are taken away. */
  readonly counters: readonly string[];
  /** Also when it is nought, as net-tools has it for what everybody wants to see. */
  readonly always?: boolean;
}

interface Group {
  readonly name: string;
  /** Whose own counters end here. */
  readonly layer: string;
  readonly protocol?: 'tcp' | 'udp';
  readonly lines: readonly Line[];
}

const always = (text: string, ...counters: string[]): Line => ({ text, counters, always: true });
const line = (text: string, ...counters: string[]): Line => ({ text, counters });

/** In the order and the words of net-tools. */
const ICMP_TYPES = [
  ['destination unreachable', 'typeUnreachable'],
  ['timeout in transit', 'typeTimeExceeded'],
  ['wrong parameters', 'typeParameterProblem'],
  ['redirects', 'typeRedirect'],
  ['echo requests', 'typeEchoRequest'],
  ['echo replies', 'typeEchoReply'],
  ['timestamp request', 'typeTimestamp'],
  ['timestamp reply', 'typeTimestampReply'],
] as const;

const GROUPS: readonly Group[] = [
  {
    name: 'Ip',
    layer: 'ipv4',
    lines: [
      always('% total packets received', 'ipv4.in'),
      line('% with invalid headers', 'ipv4.badHeader'),
      line('% with invalid addresses', 'ipv4.martianSource', 'ipv4.martianDestination', 'ipv4.notForUs'),
      always('% forwarded', 'ipv4.forwarded'),
      line('% with unknown protocol', 'ipv4.unknownProtocol'),
      always('% incoming packets discarded', 'ipv4.unicastInBroadcast'),
      always('% incoming packets delivered', 'ipv4.delivered'),
      always('% requests sent out', 'ipv4.out'),
      line('% dropped because of missing route', 'ipv4.noRoute'),
      line('% fragments dropped after timeout', 'ipv4.reassemblyTimeout'),
      line('% reassemblies required', 'ipv4.fragmentsIn'),
      line('% packets reassembled ok', 'ipv4.reassembled'),
      line(
        '% packet reassemblies failed',
        'ipv4.badFragment',
        'ipv4.fragmentOverlap',
        'ipv4.fragmentEcn',
        'ipv4.reassemblyFull',
      ),
      line('% fragments created', 'ipv4.fragmentsOut'),
    ],
  },
  {
    name: 'Icmp',
    layer: 'icmp',
    lines: [
      always('% ICMP messages received', 'icmp.in'),
      always('% input ICMP message failed', 'icmp.malformed', 'icmp.badQuote', 'icmp.unknownType'),
      line('ICMP input histogram:', ...ICMP_TYPES.map(([, name]) => `icmp.${name}In`)),
      ...ICMP_TYPES.map(([text, name]) => line(`    ${text}: %`, `icmp.${name}In`)),
      always('% ICMP messages sent', 'icmp.out'),
      always('% ICMP messages failed', 'icmp.replyFailed'),
      line('ICMP output histogram:', ...ICMP_TYPES.map(([, name]) => `icmp.${name}Out`)),
      ...ICMP_TYPES.map(([text, name]) => line(`    ${text}: %`, `icmp.${name}Out`)),
    ],
  },
  {
    name: 'Tcp',
    layer: '',
    protocol: 'tcp',
    lines: [
      always('% active connection openings', 'tcp.activeOpens'),
      always('% passive connection openings', 'tcp.passiveOpens'),
      always('% failed connection attempts', 'tcp.attemptsFailed'),
      // So net-tools calls all ends without FIN, whoever caused them; those that came are resetsIn.
      always('% connection resets received', 'tcp.establishedResets'),
      always('% connections established', 'established'),
      always('% segments received', 'tcp.segmentsIn'),
      // RFC 4022: without those that only repeat.
      always('% segments sent out', 'tcp.segmentsOut', '-tcp.retransmissions'),
      always('% segments retransmitted', 'tcp.retransmissions'),
      always('% bad segments received', 'tcp.badChecksum', 'tcp.badDataOffset', 'tcp.truncated', 'tcp.malformed'),
      always('% resets sent', 'tcp.resetsOut'),
    ],
  },
  {
    name: 'Udp',
    layer: 'udp',
    protocol: 'udp',
    lines: [
      always('% packets received', 'udp.in', '-udp.noPort', '-udp.noReader', '-udp.receiveBufferFull'),
      always('% packets to unknown port received', 'udp.noPort'),
      always('% packet receive errors', 'udp.malformed', 'udp.noReader', 'udp.receiveBufferFull'),
      always('% packets sent', 'udp.out'),
      always('% receive buffer errors', 'udp.receiveBufferFull'),
    ],
  },
  {
    name: 'TcpExt',
    layer: 'tcp',
    protocol: 'tcp',
    lines: [
      line('% SYN cookies sent', 'tcp.synCookiesSent'),
      line('% SYN cookies received', 'tcp.synCookiesReceived'),
      line('% invalid SYN cookies received', 'tcp.synCookiesFailed'),
      line('% packets rejected in established connections because of timestamp', 'tcp.oldTimestamp'),
      line('% times the listen queue of a socket overflowed', 'tcp.acceptQueueFull'),
      line('% SYNs to LISTEN sockets dropped', 'tcp.synQueueFull'),
      line('% connections aborted due to timeout', 'tcp.timedOut'),
      line('TCPTimeouts: %', 'tcp.timeouts'),
      line('TCPLossProbes: %', 'tcp.tailLossProbes'),
      line('TCPDSACKRecv: %', 'tcp.dsacksIn'),
      line('TCPSACKDiscard: %', 'tcp.sackInvalid'),
      line('TCPSACKReneging: %', 'tcp.sackReneging'),
      line('TCPOFOQueue: %', 'tcp.outOfOrder'),
      line('TCPOFODrop: %', 'tcp.outOfOrderDropped'),
      line('TCPChallengeACK: %', 'tcp.challenges'),
      line('TCPSYNChallenge: %', 'tcp.unexpectedSyn'),
      line('TCPKeepAlive: %', 'tcp.keepAliveProbes'),
      line('TCPWinProbe: %', 'tcp.windowProbes'),
    ],
  },
];

/** `protocols`: only the groups that belong to them; all when none is named. */
export function statisticsText(
  counters: readonly CounterRow[],
  sockets: readonly SocketRow[],
  protocols: ReadonlySet<'tcp' | 'udp'>,
): string {
  const values = new Map(counters.map(({ name, value }) => [name, value]));
  const established = sockets.filter((row) => row.protocol === 'tcp' && isEstablished(row)).length;
  values.set('established', established);
  const told = new Set(GROUPS.flatMap(({ lines }) => lines.flatMap((each) => each.counters)));
  const groups = GROUPS.filter(({ protocol }) => protocols.size === 0 || (protocol && protocols.has(protocol)));
  let text = groups.map((group) => groupText(group, values, ownOf(group.layer, counters, told))).join('');
  if (protocols.size > 0) return text;
  const known = new Set(GROUPS.map(({ layer }) => layer));
  for (const layer of new Set(counters.map(({ name }) => layerOf(name)))) {
    if (!known.has(layer)) text += `${capital(layer)}:\n${ownOf(layer, counters, told)}`;
  }
  return text;
}

function groupText({ name, lines }: Group, values: ReadonlyMap<string, number>, own: string): string {
  const text = lines
    .map((each) => ({ ...each, value: sumOf(each, values) }))
    .filter(({ value, always }) => value !== 0 || always)
    .map((each) => `    ${each.text.replace('%', String(each.value))}\n`);
  return `${name}:\n${text.join('')}${own}`;
}

function sumOf({ counters }: Line, values: ReadonlyMap<string, number>): number {
  const value = (name: string): number => (name.startsWith('-') ? -value(name.slice(1)) : (values.get(name) ?? 0));
  return counters.reduce((sum, name) => sum + value(name), 0);
}

function ownOf(layer: string, counters: readonly CounterRow[], told: ReadonlySet<string>): string {
  return counters
    .filter(({ name }) => layerOf(name) === layer && !told.has(name))
    .map(({ name, value }) => `    ${name.slice(layer.length + 1)}: ${value}\n`)
    .join('');
}

/** RFC 4022, tcpCurrEstab: those whose state is ESTABLISHED or CLOSE-WAIT. */
function isEstablished(row: SocketRow): boolean {
  const state = stateOf(row);
  return state === 'ESTAB' || state === 'CLOSE-WAIT';
}

function layerOf(name: string): string {
  return name.split('.')[0];
}

function capital(word: string): string {
  return `${word[0].toUpperCase()}${word.slice(1)}`;
}
