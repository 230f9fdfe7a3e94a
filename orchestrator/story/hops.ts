/** The way of one packet through the lab, found again at every link end that it passed. */
import { formatIpv4 } from '../../devices/stack/wire/address.js';
import type { LabFrame } from '../capture/session.js';
import type { Hop, HopSide } from './report.js';
import { macText, type Scene } from './scene.js';

/** Who gives up after fifteen tries (tcp_retries2 of Linux) has sent no more. */
const MAX_COPIES = 16;

function side(frame: LabFrame): HopSide | undefined {
  const { ip } = frame.layers;
  if (ip === undefined) return undefined;
  return {
    srcMac: macText(frame, 'src'),
    dstMac: macText(frame, 'dst'),
    srcIp: formatIpv4(ip.src),
    dstIp: formatIpv4(ip.dst),
    ttl: ip.ttl,
    port: frame.port,
    frame: frame.n,
  };
}

/** The same IP packet: routers change its TTL and nothing that is compared here. */
function isSamePacket(a: LabFrame, b: LabFrame): boolean {
  const [x, y] = [a.layers, b.layers];
  if (x.ip === undefined || y.ip === undefined || x.tcp === undefined || y.tcp === undefined) return false;
  return (
    x.ip.src === y.ip.src &&
    x.ip.dst === y.ip.dst &&
    x.ip.identification === y.ip.identification &&
    x.tcp.srcPort === y.tcp.srcPort &&
    x.tcp.dstPort === y.tcp.dstPort &&
    x.tcp.seq === y.tcp.seq &&
    x.tcp.ack === y.tcp.ack &&
    x.tcp.flags === y.tcp.flags &&
    a.dataLength === b.dataLength
  );
}

/** Every device that the packet of one of the client's frames passed on its way to `remote`, in order. */
export function pathOf(scene: Scene, number: number | undefined, remote: string): Hop[] {
  const start = scene.capture.frames.find(({ n }) => n === number);
  if (start === undefined) return [];
  const sides = new Map<string, { in?: HopSide; out?: HopSide }>();
  for (const frame of scene.capture.frames) {
    if (frame.dropped !== '' || !isSamePacket(frame, start)) continue;
    const hop = sides.get(frame.device) ?? {};
    hop[frame.direction] ??= side(frame);
    sides.set(frame.device, hop);
  }
  const onTheWay = [...sides].filter(([device, hop]) => {
    // A neighbour of a hub, or a flooded port's host, hears the frame without being on its way.
    const isEnd = device === scene.client || scene.ownerOf(remote.split(':')[0]) === device;
    return isEnd || (hop.in !== undefined && hop.out !== undefined);
  });
  return onTheWay.map(([device, hop]) => ({ device, kind: scene.kindOf(device), ...hop }));
}

/** A segment that was lost is sent again: the way of the one that came furthest. */
export function furthestPath(scene: Scene, number: number | undefined, remote: string): Hop[] {
  const first = scene.capture.frames.find(({ n }) => n === number);
  const { ip, tcp } = first?.layers ?? {};
  if (first === undefined || ip === undefined || tcp === undefined) return [];
  const copies = scene.framesAt(first.device).filter(({ direction, layers }) => {
    const isOfConnection = layers.tcp?.srcPort === tcp.srcPort && layers.tcp.dstPort === tcp.dstPort;
    return direction === 'out' && isOfConnection && layers.ip?.dst === ip.dst && layers.tcp?.seq === tcp.seq;
  });
  const alike = copies.filter(({ dataLength }) => dataLength === first.dataLength).slice(0, MAX_COPIES);
  return alike
    .map(({ n }) => pathOf(scene, n, remote))
    .reduce((longest, path) => (path.length > longest.length ? path : longest), []);
}

/** The routers of a path. */
export function hopsOf(path: readonly Hop[]): Hop[] {
  return path.filter(({ kind }) => kind === 'router');
}
