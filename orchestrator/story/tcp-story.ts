/** The connections of a page load, read from the segments that passed the client's interfaces. */
import { formatIpv4, type Ipv4Address, parseIpv4 } from '../../devices/stack/wire/address.js';
import { ACK, FIN, formatTcpFlags, RST, SYN, type TcpSegment } from '../../devices/stack/wire/tcp.js';
import type { LabFrame } from '../capture/session.js';
import type { CloseKind, ConnectionReport, Segment, StateChange } from './report.js';
import type { Scene } from './scene.js';

interface Endpoint {
  readonly address: Ipv4Address;
  readonly port: number;
}

function endpoint(text: string): Endpoint {
  const [address, port] = text.split(':');
  return { address: parseIpv4(address) ?? 0, port: Number(port) };
}

/** All frames of one connection at one device, by the direction in which the segment travels: from the client or to it. */
export class Flow {
  readonly local: string;
  readonly remote: string;
  readonly frames: readonly LabFrame[];
  /** With those that were lost as they left the device: it has sent them, too. */
  readonly sent: readonly LabFrame[];
  private readonly scene: Scene;
  private readonly client: Endpoint;

  constructor(scene: Scene, device: string, local: string, remote: string) {
    this.scene = scene;
    this.local = local;
    this.remote = remote;
    this.client = endpoint(local);
    const server = endpoint(remote);
    const is = (address: Ipv4Address, port: number, end: Endpoint) => address === end.address && port === end.port;
    const isOf = ({ layers: { ip, tcp } }: LabFrame) => {
      if (ip === undefined || tcp === undefined) return false;
      const outward = is(ip.src, tcp.srcPort, this.client) && is(ip.dst, tcp.dstPort, server);
      return outward || (is(ip.src, tcp.srcPort, server) && is(ip.dst, tcp.dstPort, this.client));
    };
    this.frames = scene.framesAt(device).filter(isOf);
    const lost = scene.losses.map(({ frame }) => frame);
    const dropped = lost.filter((frame) => frame.device === device && frame.dropped !== '' && isOf(frame));
    this.sent = [...this.frames, ...dropped].filter(({ direction }) => direction === 'out').sort((a, b) => a.n - b.n);
  }

  fromClient(frame: LabFrame): boolean {
    return frame.layers.ip?.src === this.client.address && frame.layers.tcp?.srcPort === this.client.port;
  }

  segment(frame: LabFrame): Segment {
    const tcp = tcpOf(frame);
    return {
      atMs: this.scene.ms(frame.at),
      frame: frame.n,
      direction: this.fromClient(frame) ? 'out' : 'in',
      flags: formatTcpFlags(tcp.flags),
      seq: tcp.seq,
      ack: tcp.flags & ACK ? tcp.ack : 0,
      length: frame.dataLength,
    };
  }
}

/** Only frames with a readable TCP segment are in a flow. */
export function tcpOf(frame: LabFrame): TcpSegment {
  const { tcp } = frame.layers;
  if (tcp === undefined) throw new Error(`frame ${frame.n} carries no TCP segment`);
  return tcp;
}

function has(frame: LabFrame, flag: number): boolean {
  return (tcpOf(frame).flags & flag) !== 0;
}

function sequenceLength(frame: LabFrame): number {
  return frame.dataLength + (has(frame, SYN) ? 1 : 0) + (has(frame, FIN) ? 1 : 0);
}

/** Segments that repeat sequence numbers which the same sender had sent before. */
function countRetransmissions(frames: readonly LabFrame[]): number {
  let next: number | undefined;
  let count = 0;
  for (const frame of frames) {
    const length = sequenceLength(frame);
    if (length === 0) continue;
    const { seq } = tcpOf(frame);
    const end = (seq + length) >>> 0;
    if (next !== undefined && ((next - seq) | 0) > 0) count += 1;
    if (next === undefined || ((end - next) | 0) > 0) next = end;
  }
  return count;
}

function classifyClose(flow: Flow): { kind: CloseKind; frames: LabFrame[] } {
  const reset = flow.frames.find((frame) => has(frame, RST));
  const fins = flow.frames.filter((frame) => has(frame, FIN));
  const first = fins[0];
  const second = first && fins.find((frame) => flow.fromClient(frame) !== flow.fromClient(first));
  if (first === undefined || second === undefined) {
    if (reset !== undefined) return { kind: 'reset', frames: [...(first ? [first] : []), reset] };
    return { kind: 'open', frames: first ? [first] : [] };
  }
  const acknowledges = (frame: LabFrame, fin: LabFrame) => {
    const end = tcpOf(fin).seq + sequenceLength(fin);
    return flow.fromClient(frame) !== flow.fromClient(fin) && has(frame, ACK) && ((tcpOf(frame).ack - end) | 0) >= 0;
  };
  const firstAck = flow.frames.find((frame) => frame.at >= first.at && acknowledges(frame, first));
  const secondAck = flow.frames.find((frame) => frame.at >= second.at && acknowledges(frame, second));
  const frames = [first, firstAck, second, secondAck].filter((frame) => frame !== undefined);
  const unique = [...new Set(frames)];
  if (reset !== undefined && secondAck === undefined) return { kind: 'reset', frames: [...unique, reset] };
  return { kind: firstAck !== undefined && firstAck !== second ? 'four-way' : 'three-way', frames: unique };
}

function stateChanges(scene: Scene, device: string | undefined, local: string, remote: string): StateChange[] {
  return scene
    .traces('tcp-state')
    .filter((trace) => trace.device === device && trace.event.local === local && trace.event.remote === remote)
    .map(({ event }) => ({ atMs: scene.ms(event.at), device: device ?? '', from: event.from, to: event.to }));
}

function mssOf([syn, synAck]: readonly LabFrame[]): number {
  if (synAck === undefined || !has(synAck, ACK)) return 0;
  // RFC 9293 section 3.7.1: 536 for a side that announces none.
  return Math.min(...[syn, synAck].map((frame) => tcpOf(frame).options.mss ?? 536));
}

/** RFC 7323 section 3.2: ten bytes in every segment once both sides have offered timestamps, padded to twelve. */
const TIMESTAMPS_LENGTH = 12;

function maxDataOf(handshake: readonly LabFrame[]): number {
  const mss = mssOf(handshake);
  if (mss === 0) return 0;
  const both = handshake.slice(0, 2).every((frame) => tcpOf(frame).options.timestamps !== undefined);
  return mss - (both ? TIMESTAMPS_LENGTH : 0);
}

function handshakeOf(flow: Flow): LabFrame[] {
  const syns = flow.frames.filter((frame) => has(frame, SYN) && !has(frame, ACK));
  const synAck = flow.frames.find((frame) => has(frame, SYN) && has(frame, ACK));
  const ack =
    synAck && flow.frames.find((frame) => frame.at >= synAck.at && flow.fromClient(frame) && !has(frame, SYN | RST));
  // Without an answer, every try is worth showing.
  if (synAck === undefined) return syns;
  return [syns[0], synAck, ack].filter((frame) => frame !== undefined);
}

export function connectionReport(scene: Scene, local: string, remote: string): ConnectionReport {
  const flow = new Flow(scene, scene.client, local, remote);
  const server = scene.ownerOf(remote.split(':')[0]);
  const atServer = server === undefined ? flow : new Flow(scene, server, local, remote);
  const mine = stateChanges(scene, scene.client, local, remote);
  const peers = stateChanges(scene, server, remote, local);
  const handshake = handshakeOf(flow);
  const close = classifyClose(flow);
  // Closed without FIN or RST: somebody gave up on a peer that did not answer.
  const givenUp = mine.at(-1)?.to === 'CLOSED' || scene.result.error?.code === 'ETIMEDOUT';
  const timedOut = close.kind === 'open' && givenUp;
  return {
    local,
    remote,
    mss: mssOf(handshake),
    maxData: maxDataOf(handshake),
    segmentsOut: flow.frames.filter((frame) => flow.fromClient(frame)).length,
    segmentsIn: flow.frames.filter((frame) => !flow.fromClient(frame)).length,
    retransmissions:
      countRetransmissions(flow.sent.filter((frame) => flow.fromClient(frame))) +
      countRetransmissions(atServer.sent.filter((frame) => !atServer.fromClient(frame))),
    tries: flow.sent.filter((frame) => flow.fromClient(frame) && has(frame, SYN)).length,
    states: mine.map(({ to }) => to),
    peerStates: peers.map(({ to }) => to),
    close: timedOut ? 'timeout' : close.kind,
    handshake: handshake.map((frame) => flow.segment(frame)),
    closing: close.frames.map((frame) => flow.segment(frame)),
    changes: [...mine, ...peers].sort((a, b) => a.atMs - b.atMs),
  };
}

/** Connections that were established, and attempts that never were, in order of their first segment. */
export function connectionsOf(scene: Scene): { local: string; remote: string }[] {
  const known = new Map<string, { local: string; remote: string }>();
  for (const { local, remote } of scene.result.connections) known.set(`${local} ${remote}`, { local, remote });
  for (const frame of scene.framesAt(scene.client)) {
    const { ip, tcp } = frame.layers;
    if (ip === undefined || tcp === undefined || frame.direction !== 'out') continue;
    if ((tcp.flags & (SYN | ACK)) !== SYN || frame.at < scene.result.startAt) continue;
    const local = `${formatIpv4(ip.src)}:${tcp.srcPort}`;
    const remote = `${formatIpv4(ip.dst)}:${tcp.dstPort}`;
    if (tcp.dstPort !== 53) known.set(`${local} ${remote}`, { local, remote });
  }
  return [...known.values()];
}
