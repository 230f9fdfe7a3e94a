/**
 * What the TCP tests run on: a TCP layer on a manual clock whose packets go into a list (Conversation: the test plays
 * the peer), or two of them with an impaired pipe between (Pipe).
 */
import assert from 'node:assert/strict';
import { Timers } from '../../../devices/stack/clock.js';
import { Counters } from '../../../devices/stack/counters.js';
import { StackError } from '../../../devices/stack/errors.js';
import { EventQueue } from '../../../devices/stack/events.js';
import { Random } from '../../../devices/stack/random.js';
import type { Connection } from '../../../devices/stack/tcp/connection.js';
import type { IcmpErrorReport, IpLayer, TcpContext } from '../../../devices/stack/tcp/control-block/types.js';
import type { Listener } from '../../../devices/stack/tcp/listener.js';
import { Tcp } from '../../../devices/stack/tcp/tcp.js';
import type { TraceDetail } from '../../../devices/stack/trace.js';
import { type Ipv4Address, parseIpv4 } from '../../../devices/stack/wire/address.js';
import { type Ipv4Packet, PROTOCOL_TCP } from '../../../devices/stack/wire/ipv4.js';
import { isMalformed } from '../../../devices/stack/wire/malformed.js';
import {
  ACK,
  emitTcp,
  formatTcp,
  parseTcp,
  SYN,
  type TcpOptions,
  type TcpSegment,
} from '../../../devices/stack/wire/tcp.js';

export const HERE = parseIpv4('10.0.0.1') as Ipv4Address;
export const PEER = parseIpv4('10.0.0.2') as Ipv4Address;
const UNROUTED = parseIpv4('192.0.2.1') as Ipv4Address;
const BROADCAST = parseIpv4('10.0.0.255') as Ipv4Address;
export const ADDRESSES = { HERE, PEER, UNROUTED, BROADCAST };

export function text(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes);
}

export function bytesOf(value: string | number): Uint8Array {
  if (typeof value === 'string') return new TextEncoder().encode(value);
  const bytes = new Uint8Array(value);
  for (let i = 0; i < value; i++) bytes[i] = (i * 7 + (i >>> 8)) & 255;
  return bytes;
}

/** One machine's TCP layer; what it sends is handed to `wire`. */
export class Machine {
  readonly timers: Timers;
  readonly events = new EventQueue();
  readonly counters = new Counters();
  readonly traced: TraceDetail[] = [];
  readonly tcp: Tcp;
  mtu = 1500;
  /** Where it differs from that of the path. */
  linkMtu: number | undefined;
  sendError: StackError | undefined;

  constructor(
    address: Ipv4Address,
    timers: Timers,
    seed: string,
    wire: (packet: Ipv4Packet) => void,
    context: Partial<TcpContext> = {},
  ) {
    this.timers = timers;
    const ipv4: IpLayer = {
      send: (request) => {
        if (this.sendError !== undefined) return this.sendError;
        if (request.payload.length + 20 > this.mtu) return new StackError('EMSGSIZE', 'message too long');
        wire(packetOf(request.src ?? address, request.dst, request.payload, request.tos, request.ttl));
        return undefined;
      },
      sourceFor: (dst) => (dst === UNROUTED ? undefined : address),
      mtuFor: () => this.mtu,
      linkMtuFor: () => this.linkMtu ?? this.mtu,
      isLocal: (candidate) => candidate === address,
      isBroadcast: (candidate) => candidate === BROADCAST,
    };
    this.tcp = new Tcp({
      timers,
      random: new Random(seed),
      tracer: { enabled: true, emit: (detail) => this.traced.push(detail) },
      counters: this.counters,
      events: this.events,
      ipv4,
      ...context,
    });
  }

  receive(packet: Ipv4Packet): void {
    this.tcp.receive(packet);
    this.events.drain();
  }

  /** The states that were traced, of all connections, in order: "SYN_SENT", "ESTABLISHED". */
  get states(): string[] {
    return this.traced.flatMap((detail) => (detail.event === 'tcp-state' ? [detail.to] : []));
  }
}

export function packetOf(src: Ipv4Address, dst: Ipv4Address, payload: Uint8Array, tos = 0, ttl = 64): Ipv4Packet {
  return {
    src,
    dst,
    protocol: PROTOCOL_TCP,
    ttl,
    tos,
    identification: 0,
    dontFragment: true,
    moreFragments: false,
    fragmentOffset: 0,
    options: new Uint8Array(0),
    payload,
  };
}

/** Writes down what a connection tells: "established", "readable", "end", "writable", "closed", "closed ECONNRESET". */
export function record(connection: Connection, news: string[] = []): string[] {
  connection.handler = {
    onEstablished: () => news.push('established'),
    onReadable: () => news.push('readable'),
    onEnd: () => news.push('end'),
    onWritable: () => news.push('writable'),
    onClosed: (error) => news.push(error === undefined ? 'closed' : `closed ${error.code}`),
  };
  return news;
}

export interface Expected {
  readonly flags: number;
  readonly seq?: number;
  readonly ack?: number;
  readonly window?: number;
  readonly length?: number;
  readonly text?: string;
  readonly options?: TcpOptions;
}

export interface FromPeer {
  readonly flags?: number;
  readonly seq: number;
  readonly ack?: number;
  readonly window?: number;
  readonly text?: string | Uint8Array;
  /** ECN: the last two bits of the type-of-service byte. */
  readonly codepoint?: number;
  readonly urgentPointer?: number;
  readonly options?: TcpOptions;
}

/** The test is the peer at 10.0.0.2: it says which segments arrive, and checks each one that comes back. */
export class Conversation {
  readonly timers = new Timers();
  readonly machine: Machine;
  readonly sent: TcpSegment[] = [];
  /** The IP packet of the last of {@link sent}. */
  lastPacket: Ipv4Packet | undefined;
  /** The ECN codepoints of all packets that were sent, those of {@link sent} at the end. */
  readonly codepoints: number[] = [];
  /** What the peer's segments carry: set by the first connection. */
  herePort = 0;
  peerPort = 0;

  constructor(context: Partial<TcpContext> = {}, seed = 'conversation') {
    this.machine = new Machine(HERE, this.timers, seed, (packet) => this.take(packet), context);
  }

  get tcp(): Tcp {
    return this.machine.tcp;
  }

  /** An application's call: events are drained afterwards. */
  call<T>(action: () => T): T {
    const result = action();
    this.machine.events.drain();
    return result;
  }

  connect(port = 80): Connection {
    const connection = this.call(() => this.tcp.connect({ remote: { address: PEER, port } }));
    this.herePort = connection.local.port;
    this.peerPort = port;
    return connection;
  }

  listen(port = 80, backlog?: number): { listener: Listener; accepted: Connection[] } {
    const listener = this.tcp.listen({ address: 0, port, backlog });
    const accepted: Connection[] = [];
    listener.onConnection = (connection) => accepted.push(connection);
    this.herePort = port;
    this.peerPort = 40000;
    return { listener, accepted };
  }

  /** A segment of the peer arrives. ACK is set when `ack` is given and `flags` does not say otherwise. */
  peer(segment: FromPeer): void {
    this.machine.receive(this.packet(segment));
  }

  /** A segment of the peer as a packet, for tests that deliver it themselves. */
  packet(segment: FromPeer): Ipv4Packet {
    const payload = typeof segment.text === 'string' ? bytesOf(segment.text) : (segment.text ?? new Uint8Array(0));
    const bytes = emitTcp(
      {
        srcPort: this.peerPort,
        dstPort: this.herePort,
        seq: segment.seq >>> 0,
        ack: (segment.ack ?? 0) >>> 0,
        flags: (segment.flags ?? 0) | (segment.ack === undefined ? 0 : ACK),
        window: segment.window ?? 65535,
        urgentPointer: segment.urgentPointer ?? 0,
        options: segment.options ?? {},
        payload,
      },
      PEER,
      HERE,
    );
    return packetOf(PEER, HERE, bytes, segment.codepoint);
  }

  icmp(error: Pick<IcmpErrorReport, 'type' | 'code'> & Partial<IcmpErrorReport>, about: TcpSegment): void {
    const quoted = emitTcp(about, HERE, PEER).subarray(0, 8);
    this.call(() => this.tcp.icmpError({ from: PEER, src: HERE, dst: PEER, payload: quoted, ...error }));
  }

  advance(ms: number): void {
    this.until(this.timers.now + ms);
  }

  /** Runs the timers one after the other, events drained after each. */
  until(at: number): void {
    for (let next = this.timers.nextAt(); next <= at; next = this.timers.nextAt()) {
      this.timers.advance(next);
      this.machine.events.drain();
    }
    this.timers.advance(at);
    this.machine.events.drain();
  }

  /** The next segment on the wire, which must be as expected in all that is given. */
  expect(expected: Expected): TcpSegment {
    const segment = this.sent.shift();
    assert.ok(segment, 'expected a segment, none was sent');
    const seen = {
      flags: segment.flags,
      ...(expected.seq === undefined ? {} : { seq: segment.seq }),
      ...(expected.ack === undefined ? {} : { ack: segment.ack }),
      ...(expected.window === undefined ? {} : { window: segment.window }),
      ...(expected.length === undefined ? {} : { length: segment.payload.length }),
      ...(expected.text === undefined ? {} : { text: text(segment.payload) }),
      ...(expected.options === undefined ? {} : { options: segment.options }),
    };
    const wanted = {
      ...expected,
      ...(expected.seq === undefined ? {} : { seq: expected.seq >>> 0 }),
      ...(expected.ack === undefined ? {} : { ack: expected.ack >>> 0 }),
    };
    assert.deepEqual(seen, wanted, formatTcp(segment));
    return segment;
  }

  expectNothing(): void {
    assert.deepEqual(this.sent.map(formatTcp), [], 'expected silence');
  }

  private take(packet: Ipv4Packet): void {
    const segment = parseTcp(packet.payload, packet.src, packet.dst);
    assert.ok(!isMalformed(segment));
    this.lastPacket = packet;
    this.codepoints.push(packet.tos & 3);
    this.sent.push(segment);
  }
}

/** The initial sequence number of the peer in {@link established}. */
export const IRS = 1000;

export interface Established {
  readonly c: Conversation;
  readonly client: Connection;
  /** What happened after the handshake. */
  readonly news: string[];
  /** Our next sequence number; the peer's is IRS + 1. */
  readonly una: number;
}

/** An active open that is ESTABLISHED, its handshake taken off the wire. MSS 1460, no other options, unless given. */
export function established(
  context: Partial<TcpContext> = {},
  syn: { window?: number; options?: TcpOptions } = {},
): Established {
  const c = new Conversation(context);
  const client = c.connect();
  const news = record(client);
  const { seq } = c.expect({ flags: SYN });
  c.peer({ flags: SYN, seq: IRS, ack: seq + 1, window: syn.window, options: syn.options ?? { mss: 1460 } });
  c.expect({ flags: ACK });
  news.length = 0;
  return { c, client, news, una: (seq + 1) >>> 0 };
}

export interface PipeOptions {
  readonly seed?: string;
  readonly delayMs?: number;
  /** Probabilities, 0 … 1, in both directions. */
  readonly loss?: number;
  /** False: only what HERE sends is lost. */
  readonly lossyBack?: boolean;
  readonly duplicate?: number;
  /** Share of packets that are held back, by `heldMs` or three times the delay. */
  readonly reorder?: number;
  readonly heldMs?: number;
  readonly context?: Partial<TcpContext>;
  /** The clock at the start, milliseconds. */
  readonly startAt?: number;
  readonly watch?: (packet: Ipv4Packet) => void;
  /** True for packets that vanish without a word. */
  readonly swallows?: (packet: Ipv4Packet) => boolean;
}

/** Two machines, HERE and PEER, and a pipe between them that loses, repeats and reorders as its seed says. */
export class Pipe {
  readonly timers = new Timers();
  readonly here: Machine;
  readonly peer: Machine;
  packets = 0;
  lost = 0;
  private readonly options: PipeOptions;
  private readonly random: Random;

  constructor(options: PipeOptions = {}) {
    this.options = options;
    const seed = options.seed ?? 'pipe';
    this.timers.advance(options.startAt ?? 0);
    this.random = new Random(seed).fork('impairments');
    this.here = new Machine(
      HERE,
      this.timers,
      `${seed} here`,
      (packet) => this.carry(packet, this.peer),
      options.context,
    );
    this.peer = new Machine(
      PEER,
      this.timers,
      `${seed} peer`,
      (packet) => this.carry(packet, this.here),
      options.context,
    );
  }

  /** Runs until the condition holds; false when `limitMs` of virtual time have gone by, or nothing is left to do. */
  run(done: () => boolean, limitMs = 3_600_000): boolean {
    const end = this.timers.now + limitMs;
    this.drain();
    while (!done()) {
      const next = this.timers.nextAt();
      if (next > end) return false;
      this.timers.advance(next);
      this.drain();
    }
    return true;
  }

  drain(): void {
    this.here.events.drain();
    this.peer.events.drain();
  }

  private carry(packet: Ipv4Packet, to: Machine): void {
    const { delayMs = 5, loss = 0, duplicate = 0, reorder = 0, watch } = this.options;
    const { heldMs = 3 * delayMs, lossyBack = true } = this.options;
    watch?.(packet);
    this.packets += 1;
    if (this.options.swallows?.(packet)) return;
    if (this.random.chance(loss) && (lossyBack || to === this.peer)) {
      this.lost += 1;
      return;
    }
    const copies = this.random.chance(duplicate) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const held = this.random.chance(reorder) ? heldMs : 0;
      this.timers.after(delayMs + held, () => to.receive(packet));
    }
  }
}
