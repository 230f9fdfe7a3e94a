/** What was lost on the way during a load, and what chaos had a hand in: by the frames that ports dropped or marked. */
import { formatIpv4 } from '../../devices/stack/wire/address.js';
import { ARP_REPLY } from '../../devices/stack/wire/arp.js';
import { dhcpTypeName } from '../../devices/stack/wire/dhcp.js';
import { formatLayers } from '../../devices/stack/wire/dissect.js';
import { RCODE_NOERROR, rcodeName } from '../../devices/stack/wire/dns.js';
import { formatIcmp } from '../../devices/stack/wire/icmp.js';
import { formatTcpFlags } from '../../devices/stack/wire/tcp.js';
import type { LabFrame } from '../capture/session.js';
import { type LostSegment, lostSegment } from './lost-segment.js';
import type { LossReport, MarkReport, Step, StepLayer } from './report.js';
import type { Scene } from './scene.js';

/** The first so many of each are told; `capture.dropped` counts all. */
const MAX_TOLD = 500;
/** Who asks for a neighbour asks again after a second. */
const SAME_FLOOD_MS = 500;

/** How it is told; of other reasons the counter's name. */
const REASONS: Readonly<Record<string, string>> = {
  impairmentLoss: 'the link loses it',
  badFcs: 'its bits are damaged, the FCS shows it',
  noCarrier: 'the link is down',
  blackhole: 'the link is a black hole',
  chaosDrop: 'chaos takes it off the wire',
  impairmentMtu: 'it is bigger than the link carries',
  giant: 'it is bigger than the MTU',
  runt: 'it is too short for a frame',
  queueFull: 'the queue of the link is full',
};

/** A frame that went no further. Its fault may be the one that damaged it where it left. */
export interface Loss {
  readonly frame: LabFrame;
  readonly reason: string;
  readonly fault: string;
  /** Of TCP. */
  readonly segment?: LostSegment;
}

function loss(frame: LabFrame, reason: string, fault: string): Loss {
  const segment = lostSegment(frame);
  return { frame, reason, fault, ...(segment && { segment }) };
}

/** In order of time. */
export function lossesIn({ capture, deliveries }: Scene): Loss[] {
  const dropped = capture.frames
    .filter((frame) => frame.dropped !== '')
    .map((frame) => loss(frame, frame.dropped, frame.fault || (deliveries.departureOf(frame)?.fault ?? '')));
  const unreceived = deliveries.unreceived.map((frame): Loss => ({ frame, reason: 'notReceived', fault: frame.fault }));
  return [...dropped, ...unreceived].sort((a, b) => a.frame.n - b.frame.n);
}

/** What a packet is, the same in every run: no numbers of ports, sequences, transactions. */
export function packetKind(frame: LabFrame): string {
  const { arp, dns, dhcp, icmp } = frame.layers;
  if (dns !== undefined) {
    const [question] = dns.questions;
    const asked = question === undefined ? '' : ` ${question.type} ${question.name.toLowerCase()}`;
    if (!dns.response) return `DNS query${asked}`;
    return `DNS ${dns.rcode === RCODE_NOERROR ? 'answer' : rcodeName(dns.rcode)}${asked}`;
  }
  if (dhcp !== undefined) return `DHCP ${dhcpTypeName(dhcp.type)}`;
  if (arp !== undefined) return `ARP ${arp.operation === ARP_REPLY ? 'reply' : 'request'}`;
  if (icmp !== undefined) return formatIcmp(icmp);
  const segment = lostSegment(frame);
  if (segment === undefined) return formatLayers(frame.layers);
  return segment.length > 0 ? 'TCP data' : `TCP ${formatTcpFlags(segment.flags)}`;
}

function layerOf(frame: LabFrame): StepLayer {
  const { arp, dns, dhcp, icmp } = frame.layers;
  if (dns !== undefined) return 'dns';
  if (dhcp !== undefined) return 'dhcp';
  if (arp !== undefined) return 'arp';
  if (icmp !== undefined) return 'icmp';
  return lostSegment(frame) === undefined ? 'routing' : 'tcp';
}

/** Names of the devices at both ends, or their addresses; of what is not of IP the names are empty. */
function endsOf(scene: Scene, frame: LabFrame): { from: string; to: string } {
  const { ip, arp } = frame.layers;
  const ends = ip ?? (arp && { src: arp.senderIp, dst: arp.targetIp }) ?? lostSegment(frame);
  if (ends === undefined) return { from: '', to: '' };
  const name = (address: number) => scene.ownerOf(formatIpv4(address)) ?? formatIpv4(address);
  return { from: name(ends.src), to: name(ends.dst) };
}

/** A question of ARP goes to all ports of a switch: only one of them leads to who is asked. */
function isSpare(scene: Scene, { at, layers: { arp } }: LabFrame): boolean {
  const target = arp === undefined || arp.operation === ARP_REPLY ? undefined : scene.ownerOf(formatIpv4(arp.targetIp));
  if (arp === undefined || target === undefined) return false;
  return scene.framesAt(target).some(({ at: gotAt, direction, layers }) => {
    const isIt = layers.arp?.senderIp === arp.senderIp && layers.arp.targetIp === arp.targetIp;
    return isIt && direction === 'in' && Math.abs(gotAt - at) < SAME_FLOOD_MS;
  });
}

export function lossStory(scene: Scene): LossReport[] {
  return scene.losses.slice(0, MAX_TOLD).map(({ frame, reason, fault }) => ({
    atMs: scene.ms(frame.at),
    device: frame.device,
    port: frame.port,
    direction: frame.direction,
    link: scene.capture.interfaces[frame.interfaceIndex]?.link ?? '',
    reason,
    fault,
    spare: isSpare(scene, frame),
    ...endsOf(scene, frame),
    kind: packetKind(frame),
    packet: formatLayers(frame.layers),
    layer: layerOf(frame),
    frame: frame.n,
  }));
}

/** Frames that a fault has delayed, changed or made, by fault and place: a link's delay concerns all that pass it. */
export function markStory(scene: Scene): MarkReport[] {
  const marks = new Map<string, MarkReport & { frames: number }>();
  for (const frame of scene.capture.frames) {
    if (frame.fault === '' || frame.dropped !== '') continue;
    const { fault, device, port, direction } = frame;
    const key = [fault, device, port, direction].join('\n');
    const known = marks.get(key);
    if (known !== undefined) known.frames += 1;
    else if (marks.size < MAX_TOLD) {
      marks.set(key, {
        ...{ fault, device, port, direction, atMs: scene.ms(frame.at), frames: 1, frame: frame.n },
        ...endsOf(scene, frame),
        kind: packetKind(frame),
        packet: formatLayers(frame.layers),
        layer: layerOf(frame),
      });
    }
  }
  return [...marks.values()];
}

/** `TCP SYN, ACK from web to client` */
function packetText({ kind, from, to }: { kind: string; from: string; to: string }): string {
  return from === '' ? kind : `${kind} from ${from} to ${to}`;
}

export function lossSteps(losses: readonly LossReport[], marks: readonly MarkReport[]): Step[] {
  const lost = losses.map((loss): Step => {
    const { device, port, direction, reason, fault } = loss;
    const why = reason === 'notReceived' ? `${otherEnd(loss)} never gets it` : (REASONS[reason] ?? reason);
    const copy = loss.spare ? ', which got another copy' : '';
    return {
      ...{ atMs: loss.atMs, device, layer: loss.layer, event: loss.spare ? 'copy lost' : 'loss', frames: [loss.frame] },
      subject: packetText(loss),
      outcome: reason,
      summary: `LOST ${direction === 'out' ? 'leaving' : 'arriving'} by ${port}: ${packetText(loss)}${copy}; ${why}${byFault(fault)}`,
    };
  });
  const marked = marks.map((mark): Step => {
    const { device, port, direction, fault, frames } = mark;
    const many = frames > 1 ? `; ${frames} frames in all` : '';
    return {
      ...{ atMs: mark.atMs, device, layer: mark.layer, event: 'fault', frames: [mark.frame] },
      subject: `${direction} ${port}: ${faultText(fault)}`,
      outcome: '',
      summary: `${packetText(mark)} ${direction === 'out' ? 'leaves' : 'arrives'} by ${port}, ${deedOf(fault)} by ${fault}${many}`,
    };
  });
  return [...lost, ...marked];
}

/** What packet rules do, by the first word of their titles; what a link does to a frame may be several things. */
const DEEDS: Readonly<Record<string, string>> = {
  reset: 'made',
  reply: 'made',
  delay: 'delayed',
  duplicate: 'doubled',
  corrupt: 'damaged',
};

function deedOf(fault: string): string {
  return DEEDS[faultText(fault).split(/[ :]/)[0]] ?? 'touched';
}

/** Of the link, `server-switch:3 -- web:eth0`. */
function otherEnd({ link, device }: LossReport): string {
  const names = link.split(' -- ').map((end) => end.split(':')[0]);
  return names.find((name) => name !== device) ?? 'the other end';
}

export function byFault(fault: string): string {
  return fault === '' ? '' : ` (${fault})`;
}

/** `fault-3`, without what it does: that is told with the loss itself. */
export function faultId(fault: string): string {
  return fault.split(': ')[0];
}

/** What the fault does: its number may be another one in another run. */
function faultText(fault: string): string {
  return fault.replace(/^fault-\d+: /, '');
}
