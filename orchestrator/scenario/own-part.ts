/** Of everything that a lab's frame log has, what belongs to one page load: the next one may begin the moment it ends. */
import type { FetchResult } from '../../devices/control.js';
import { formatIpv4 } from '../../devices/stack/wire/address.js';
import type { LabCapture, LabFrame, LabTrace } from '../capture/session.js';
import { lostSegment } from '../story/lost-segment.js';

/** A frame that has left just before the end may still arrive: a link's delay is over when a frame leaves. */
const UNDER_WAY_MS = 200;

export interface Load {
  readonly host: string;
  readonly result: FetchResult;
}

/** Addresses of a device. */
export type AddressesOf = (device: string) => readonly string[];

/**
 * What was seen from its start to its end, and after that what closes its connections, until a fault that was not there
 * before has a hand in it. Of other hosts that load pages meanwhile, what they send and get is left out, and so are other
 * loads' connections; questions of servers and routers, which may be for either, stay. Frames are numbered anew.
 *
 * @param capture from the load's start until its connections have closed
 * @param others that ran at the same time
 */
export function ownPart(
  capture: LabCapture,
  load: Load,
  others: readonly Load[],
  addressesOf: AddressesOf,
): LabCapture {
  const { endAt } = load.result;
  const isForeign = foreign(load, others, addressesOf);
  const meant = capture.frames.filter((frame) => !isForeign.frame(frame));
  const during = meant.filter(({ at }) => at <= endAt);
  const open = new Set(during.flatMap((frame) => connectionOf(frame) ?? []));
  const faults = new Set(during.map(({ fault }) => fault));
  const underWay = new Set(
    during.flatMap((frame) => (frame.direction === 'out' && frame.at > endAt - UNDER_WAY_MS ? keyOf(frame) : [])),
  );
  const isOpen = (connection: string | undefined) => connection !== undefined && open.has(connection);
  const after = meant.filter((frame) => {
    if (frame.at <= endAt) return false;
    return isOpen(connectionOf(frame)) || (frame.direction === 'in' && underWay.has(keyOf(frame)));
  });
  const until = after.find(({ fault }) => !faults.has(fault) && fault !== '')?.at ?? Number.POSITIVE_INFINITY;
  const frames = [...during, ...after.filter(({ at }) => at < until)];
  frames.forEach((frame, index) => {
    frame.n = index + 1;
  });
  const traces = capture.traces.filter((trace) => {
    const { at } = trace.event;
    return !isForeign.trace(trace) && at < until && (at <= endAt || isOpen(tracedConnection(trace)));
  });
  return { ...capture, frames, traces };
}

function foreign(load: Load, others: readonly Load[], addressesOf: AddressesOf) {
  const own = new Set(addressesOf(load.host));
  const hosts = new Set(others.map(({ host }) => host).filter((host) => host !== load.host));
  const theirs = new Set([...hosts].flatMap(addressesOf));
  const mine = connectionsOf([load]);
  const connections = connectionsOf(others.filter(({ result }) => result !== load.result));
  const isTheirs = (connection: string | undefined, ends: readonly string[]) => {
    if (connection !== undefined && mine.has(connection)) return false;
    if (connection !== undefined && connections.has(connection)) return true;
    return ends.some((end) => theirs.has(end)) && !ends.some((end) => own.has(end));
  };
  return {
    frame: (frame: LabFrame) => isTheirs(connectionOf(frame), endsOf(frame)),
    trace: (trace: LabTrace) => {
      const connection = tracedConnection(trace);
      if (connection === undefined) return hosts.has(trace.device);
      return isTheirs(
        connection,
        connection.split(' ').map((end) => end.split(':')[0]),
      );
    },
  };
}

/** The same for both directions. */
function connection(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

function connectionsOf(loads: readonly Load[]): Set<string> {
  return new Set(
    loads.flatMap(({ result }) => result.connections.map(({ local, remote }) => connection(local, remote))),
  );
}

function connectionOf(frame: LabFrame): string | undefined {
  const segment = lostSegment(frame);
  if (segment === undefined) return undefined;
  const { src, srcPort, dst, dstPort } = segment;
  return connection(`${formatIpv4(src)}:${srcPort}`, `${formatIpv4(dst)}:${dstPort}`);
}

function tracedConnection({ event }: LabTrace): string | undefined {
  if (!('local' in event && 'remote' in event)) return undefined;
  return connection(event.local as string, event.remote as string);
}

/** IP addresses of sender and receiver. */
function endsOf({ layers: { ip, arp } }: LabFrame): string[] {
  if (ip !== undefined) return [formatIpv4(ip.src), formatIpv4(ip.dst)];
  return arp === undefined ? [] : [formatIpv4(arp.senderIp), formatIpv4(arp.targetIp)];
}

/** What the frame is, wherever it is seen. */
function keyOf({ packet = new Uint8Array(0) }: LabFrame): string {
  return Buffer.from(packet.buffer, packet.byteOffset, packet.length).toString('latin1');
}
