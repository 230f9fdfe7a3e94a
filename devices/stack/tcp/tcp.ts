import type { CounterName } from '../counter-names.js';
import { StackError } from '../errors.js';
import { ANY_ADDRESS, isMulticast, LIMITED_BROADCAST } from '../wire/address.js';
import { readU16, readU32 } from '../wire/bytes.js';
import type { Ipv4Packet } from '../wire/ipv4.js';
import { isMalformed } from '../wire/malformed.js';
import { ACK, CWR, ECE, parseTcp, RST, SYN, type TcpSegment } from '../wire/tcp.js';
import { ChallengeBudget } from './challenge-acks.js';
import { Connection } from './connection.js';
import { ConnectionTable } from './connection-table.js';
import { withoutFalseSetup } from './control-block/ecn.js';
import { type SequenceNumber, seqAdd, seqDiff, seqGt, seqLt } from './control-block/seqnum.js';
import { DEFAULT_MSS } from './control-block/tcb.js';
import type {
  ConnectOptions,
  Endpoint,
  IcmpErrorReport,
  ListenOptions,
  SocketRow,
  TcpContext,
} from './control-block/types.js';
import { icmpErrorArrives } from './icmp-errors.js';
import { InitialSequence } from './initial-sequence.js';
import { KeyedHash } from './keyed-hash.js';
import { Listener, type Opener } from './listener.js';
import { EphemeralPorts } from './ports.js';
import { sendReset } from './reset.js';
import { optionsOfEcho, SynCookies } from './syn-cookies.js';

const MAX_PORT = 65535;
/** More than the window field can tell with the largest scale (RFC 7323 section 2.3). */
const MAX_BUFFER_BYTES = 2 ** 30;
const NO_BYTES = new Uint8Array(0);
/** How far a reopened connection's numbers start beyond those of its predecessor: as Linux, a whole unscaled window. */
const REOPEN_GAP = 65537;
/** Why the codec refused a segment, as the counters name it. */
const MALFORMED_COUNTERS: Readonly<Record<string, CounterName>> = {
  'tcp header truncated': 'tcp.truncated',
  'tcp data offset': 'tcp.badDataOffset',
  'tcp checksum': 'tcp.badChecksum',
};

/** The TCP layer of one machine: finds the connection or the listener of a segment, opens new ones. */
export class Tcp implements Opener {
  private readonly context: TcpContext;
  private readonly connections = new ConnectionTable();
  /** By port; several with one port differ in their address. */
  private readonly listeners = new Map<number, Listener[]>();
  private readonly initialSequence: InitialSequence;
  private readonly ports: EphemeralPorts;
  private readonly cookies: SynCookies;
  private readonly challenges: ChallengeBudget;
  /** RFC 7323 section 5.4. As Linux, one clock towards one machine: RFC 6191 and PAWS hold over connections too. */
  private readonly timestampOffsets: KeyedHash;

  constructor(context: TcpContext) {
    const random = context.random.fork('tcp');
    this.context = { ...context, random };
    this.initialSequence = new InitialSequence(random.fork('initial sequence'));
    this.ports = new EphemeralPorts(random.fork('ports'));
    this.cookies = new SynCookies(random.fork('SYN cookies'));
    this.challenges = new ChallengeBudget(random.fork('challenge ACKs'));
    const clocks = random.fork('timestamps');
    this.timestampOffsets = new KeyedHash(clocks.uint32(), clocks.uint32());
  }

  /**
   * OPEN, active: sends SYN. Throws StackError: ENETUNREACH without a route or to an address that is no single
   * machine, EADDRNOTAVAIL for a local address that is not ours or when no port is free, EADDRINUSE.
   */
  connect(options: ConnectOptions): Connection {
    const { ipv4 } = this.context;
    const { remote } = options;
    if (!isPort(remote.port) || remote.port === 0)
      throw new StackError('EINVAL', `no port to connect to: ${remote.port}`);
    const address = options.local?.address || ipv4.sourceFor(remote.address);
    if (address === undefined || !this.isUnicast(remote.address)) {
      throw new StackError('ENETUNREACH', 'network is unreachable');
    }
    if (!ipv4.isLocal(address)) throw new StackError('EADDRNOTAVAIL', 'not an address of this machine');
    const { sendBufferBytes, receiveBufferBytes } = options;
    for (const bytes of [sendBufferBytes, receiveBufferBytes]) {
      if (bytes !== undefined && !isBufferSize(bytes)) throw new StackError('EINVAL', `not a buffer: ${bytes} bytes`);
    }
    const local = { address, port: this.localPort(address, remote, options.local?.port ?? 0) };
    const connection: Connection = new Connection(this.context, {
      ...this.commonOptions(local, remote),
      program: options.program ?? '',
      sendBufferBytes,
      receiveBufferBytes,
      onRemoved: () => this.connections.remove(connection),
    });
    this.connections.add(connection);
    connection.openActive(this.initialSequence.next(local, remote, this.context.timers.now));
    return connection;
  }

  /** OPEN, passive. Throws StackError: EADDRINUSE, EADDRNOTAVAIL for an address that is not ours. */
  listen(options: ListenOptions): Listener {
    const { address } = options;
    if (!isPort(options.port)) throw new StackError('EINVAL', `not a port: ${options.port}`);
    if (address !== ANY_ADDRESS && !this.context.ipv4.isLocal(address)) {
      throw new StackError('EADDRNOTAVAIL', 'not an address of this machine');
    }
    const taken = (port: number) => this.isListenedOn(address, port);
    const anywhere = { address: ANY_ADDRESS, port: 0 };
    const port = options.port || this.ports.choose(address, anywhere, taken);
    if (port === undefined || taken(port)) throw new StackError('EADDRINUSE', `port ${options.port} is in use`);
    const listener = new Listener(this.context, {
      local: { address, port },
      backlog: options.backlog,
      program: options.program ?? '',
      buffersFor: options.buffersFor,
      opener: this,
      onClosed: (closed) => this.removeListener(closed),
    });
    this.listeners.set(port, [...(this.listeners.get(port) ?? []), listener]);
    return listener;
  }

  /** A packet for this machine. Malformed segments are counted and dropped. */
  receive(packet: Ipv4Packet): void {
    const { counters } = this.context;
    counters.add('tcp.segmentsIn');
    const parsed = parseTcp(packet.payload, packet.src, packet.dst);
    if (isMalformed(parsed)) {
      counters.add(MALFORMED_COUNTERS[parsed.malformed] ?? 'tcp.malformed');
      return;
    }
    const segment = withoutFalseSetup(parsed, packet.tos & 3);
    // RFC 9293 MUST-57, MUST-63: connections exist between single machines only.
    if (!this.isUnicast(packet.src) || !this.isUnicast(packet.dst) || segment.srcPort === 0 || segment.dstPort === 0) {
      counters.add('tcp.badAddress');
      return;
    }
    const local = { address: packet.dst, port: segment.dstPort };
    const remote = { address: packet.src, port: segment.srcPort };
    const connection = this.connections.get(local, remote);
    if (connection !== undefined && !this.reopens(connection, segment))
      connection.segmentArrives(segment, packet.tos & 3);
    else this.withoutConnection(segment, local, remote);
  }

  /** About a segment that this machine sent. False, and counted, when no connection can have sent it. */
  icmpError(report: IcmpErrorReport): boolean {
    if (report.payload.length < 8) {
      this.context.counters.add('tcp.icmpIgnored');
      return false;
    }
    const local = { address: report.src, port: readU16(report.payload, 0) };
    const remote = { address: report.dst, port: readU16(report.payload, 2) };
    const connection = this.connections.get(local, remote);
    if (connection !== undefined) return icmpErrorArrives(connection, report, readU32(report.payload, 4));
    this.context.counters.add('tcp.icmpIgnored');
    return false;
  }

  /** Listeners first, then connections, those in TIME_WAIT too. */
  sockets(): SocketRow[] {
    const listeners = [...this.listeners.values()].flat().map((listener) => listener.info());
    return [...listeners, ...[...this.connections].map((connection) => connection.info())];
  }

  /** The listener of the exact address first, then one of any address; CLOSED answers by RST. */
  private withoutConnection(segment: TcpSegment, local: Endpoint, remote: Endpoint): void {
    const candidates = (this.listeners.get(local.port) ?? []).filter((listener) => listener.serves(local.address));
    const listener = candidates.find((candidate) => candidate.local.address === local.address) ?? candidates[0];
    if (listener !== undefined) {
      if (this.connections.full && (segment.flags & (SYN | ACK | RST)) === SYN)
        this.context.counters.add('tcp.tableFull');
      else listener.segmentArrives(segment, local, remote);
    } else {
      this.context.counters.add('tcp.noConnection');
      sendReset(this.context, segment, local, remote);
    }
  }

  // For listener.ts

  open(listener: Listener, local: Endpoint, remote: Endpoint, syn: TcpSegment): Connection {
    const predecessor = this.connections.get(local, remote);
    let iss = this.initialSequence.next(local, remote, this.context.timers.now);
    if (predecessor !== undefined) {
      iss = beyond(iss, predecessor.tcb.sndNxt);
      predecessor.enter('CLOSED');
    }
    const connection = this.passive(listener, local, remote);
    this.connections.add(connection);
    connection.openPassive(iss, syn);
    return connection;
  }

  answerByCookie(listener: Listener, local: Endpoint, remote: Endpoint, syn: TcpSegment): void {
    const { timers, counters } = this.context;
    const cookie = this.cookies.issue(local, remote, syn.seq, syn.options.mss || DEFAULT_MSS, timers.now);
    counters.add('tcp.synCookiesSent');
    // A predecessor in TIME_WAIT would take the peer's ACK for its own.
    this.connections.get(local, remote)?.enter('CLOSED');
    this.passive(listener, local, remote).answerByCookie(cookie, syn);
  }

  openByCookie(listener: Listener, local: Endpoint, remote: Endpoint, ack: TcpSegment): Connection | undefined {
    const { timers, counters } = this.context;
    const cookie = seqAdd(ack.ack, -1);
    const irs = seqAdd(ack.seq, -1);
    if (this.connections.full) {
      counters.add('tcp.tableFull');
      return undefined;
    }
    const mss = this.cookies.check(local, remote, irs, cookie, timers.now);
    if (mss === undefined) {
      counters.add('tcp.synCookiesFailed');
      return undefined;
    }
    counters.add('tcp.synCookiesReceived');
    const { timestamps } = ack.options;
    const echoed = timestamps === undefined ? undefined : optionsOfEcho(timestamps.echo);
    const connection = this.passive(listener, local, remote);
    this.connections.add(connection);
    connection.openByCookie(cookie, {
      ...ack,
      seq: irs,
      ack: 0,
      flags: echoed?.ecn ? SYN | ECE | CWR : SYN,
      options: { mss, timestamps, windowScale: echoed?.windowScale, sackPermitted: echoed?.sackPermitted },
      payload: NO_BYTES,
    });
    return connection;
  }

  private passive(listener: Listener, local: Endpoint, remote: Endpoint): Connection {
    const connection: Connection = new Connection(this.context, {
      ...this.commonOptions(local, remote),
      ...listener.buffersFor?.(remote),
      program: listener.program,
      listener,
      onAccepted: () => listener.deliver(connection),
      onRemoved: () => {
        this.connections.remove(connection);
        listener.forget(connection);
      },
    });
    return connection;
  }

  private commonOptions(local: Endpoint, remote: Endpoint) {
    const timestampOffset = this.timestampOffsets.hash([local.address, remote.address]);
    return { local, remote, timestampOffset, challenges: this.challenges };
  }

  /**
   * RFC 9293 section 3.6.1, RFC 6191, as Linux: a SYN that is certainly new ends the wait of its predecessor, if
   * somebody listens.
   */
  private reopens(connection: Connection, segment: TcpSegment): boolean {
    if (connection.state !== 'TIME_WAIT' || (segment.flags & (SYN | ACK | RST)) !== SYN) return false;
    const { tcb } = connection;
    const timestamp = segment.options.timestamps?.value;
    // Timestamps, where both have them, decide alone when they differ: PAWS refuses an older one.
    const elapsed =
      tcb.timestamps === undefined || timestamp === undefined ? 0 : seqDiff(timestamp, tcb.timestamps.recent);
    const newer = elapsed === 0 ? seqGt(segment.seq, tcb.rcvNxt) : elapsed > 0;
    return newer && this.isListenedOn(connection.local.address, connection.local.port);
  }

  private localPort(address: number, remote: Endpoint, wanted: number): number {
    const inUse = (port: number) =>
      this.connections.get({ address, port }, remote) !== undefined || this.isListenedOn(address, port);
    if (wanted !== 0) {
      if (!isPort(wanted)) throw new StackError('EINVAL', `not a port: ${wanted}`);
      if (inUse(wanted)) throw new StackError('EADDRINUSE', `port ${wanted} is in use`);
      return wanted;
    }
    const port = this.ports.choose(address, remote, inUse);
    if (port === undefined) throw new StackError('EADDRNOTAVAIL', 'no ephemeral port is free');
    return port;
  }

  private isListenedOn(address: number, port: number): boolean {
    const listeners = this.listeners.get(port) ?? [];
    return listeners.some((listener) => address === ANY_ADDRESS || listener.serves(address));
  }

  private removeListener(listener: Listener): void {
    const { port } = listener.local;
    const rest = (this.listeners.get(port) ?? []).filter((other) => other !== listener);
    if (rest.length === 0) this.listeners.delete(port);
    else this.listeners.set(port, rest);
  }

  private isUnicast(address: number): boolean {
    return (
      address !== ANY_ADDRESS &&
      address !== LIMITED_BROADCAST &&
      !isMulticast(address) &&
      !this.context.ipv4.isBroadcast(address)
    );
  }
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 0 && port <= MAX_PORT;
}

function isBufferSize(bytes: number): boolean {
  return Number.isInteger(bytes) && bytes >= 1 && bytes <= MAX_BUFFER_BYTES;
}

/** `iss`, or the first number that lies safely beyond what the predecessor has used. */
function beyond(iss: SequenceNumber, used: SequenceNumber): SequenceNumber {
  const least = seqAdd(used, REOPEN_GAP);
  return seqLt(iss, least) ? least : iss;
}
