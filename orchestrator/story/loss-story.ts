/** What was lost on the way during a load, and what chaos had a hand in: by the frames that ports dropped or marked. */
import { formatIpv4 } from '../../devices/stack/wire/address.js';
import { ARP_REPLY } from '../../devices/stack/wire/arp.js';
import { dhcpTypeName } from '../../devices/stack/wire/dhcp.js';
import { formatLayers } from '../../devices/stack/wire/dissect.js';
import { RCODE_NOERROR, rcodeName } from '../../devices/stack/wire/dns.js';
import { formatIcmp } from '../../devices/stack/wire/icmp.js';
import { formatTcpFlags } from '../../devices/stack/wire/tcp.js';
import type { LabFrame } from '../capture/session.js';
import type { LossReport, MarkReport, Step, StepLayer } from './report.js';
import type { Scene } from './scene.js';

/** The first so many of each are told; `capture.dropped` counts all. */
const MAX_TOLD = 500;

/** How it is told; of other reasons the counter's name. */
const REASONS: Readonly<Record<string, string>> = {
  impairmentLoss: 'the link loses it',
  badFcs: 'its bits are damaged, the FCS shows it',
  noCarrier: 'the link is down',
  giant: 'it is bigger than the MTU',
  runt: 'it is too short for a frame',
  queueFull: 'the queue of the link is full',
  notReceived: 'the other end never gets it',
};

/** A frame that went no further. Its fault may be the one that damaged it where it left. */
export interface Loss {
  readonly frame: LabFrame;
  readonly reason: string;
  readonly fault: string;
}

/** In order of time. */
export function lossesIn({ capture, deliveries }: Scene): Loss[] {
  const dropped = capture.frames
    .filter((frame) => frame.dropped !== '')
    .map((frame): Loss => {
      const fault = frame.fault === '' ? (deliveries.departureOf(frame)?.fault ?? '') : frame.fault;
      return { frame, reason: frame.dropped, fault };
    });
  const unreceived = deliveries.unreceived.map((frame): Loss => ({ frame, reason: 'notReceived', fault: frame.fault }));
  return [...dropped, ...unreceived].sort((a, b) => a.frame.n - b.frame.n);
}

/** What a packet is, the same in every run: no numbers of ports, sequences, transactions. */
export function packetKind({ layers, dataLength }: LabFrame): string {
  const { arp, dns, dhcp, icmp, tcp } = layers;
  if (dns !== undefined) {
    const [question] = dns.questions;
    const asked = question === undefined ? '' : ` ${question.type} ${question.name.toLowerCase()}`;
    if (!dns.response) return `DNS query${asked}`;
    return `DNS ${dns.rcode === RCODE_NOERROR ? 'answer' : rcodeName(dns.rcode)}${asked}`;
  }
  if (dhcp !== undefined) return `DHCP ${dhcpTypeName(dhcp.type)}`;
  if (arp !== undefined) return `ARP ${arp.operation === ARP_REPLY ? 'reply' : 'request'}`;
  if (icmp !== undefined) return formatIcmp(icmp);
  if (tcp !== undefined) return dataLength > 0 ? 'TCP data' : `TCP ${formatTcpFlags(tcp.flags)}`;
  return formatLayers(layers);
}

function layerOf({ layers }: LabFrame): StepLayer {
  const { arp, dns, dhcp, icmp, tcp } = layers;
  if (dns !== undefined) return 'dns';
  if (dhcp !== undefined) return 'dhcp';
  if (arp !== undefined) return 'arp';
  if (icmp !== undefined) return 'icmp';
  return tcp === undefined ? 'routing' : 'tcp';
}

/** Names of the devices at both ends, or their addresses; of what is not of IP the names are empty. */
function endsOf(scene: Scene, { layers: { ip, arp } }: LabFrame): { from: string; to: string } {
  const ends = ip === undefined ? arp && { src: arp.senderIp, dst: arp.targetIp } : ip;
  if (ends === undefined) return { from: '', to: '' };
  const name = (address: number) => scene.ownerOf(formatIpv4(address)) ?? formatIpv4(address);
  return { from: name(ends.src), to: name(ends.dst) };
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
    const why = REASONS[reason] ?? reason;
    return {
      ...{ atMs: loss.atMs, device, layer: loss.layer, event: 'loss', frames: [loss.frame] },
      subject: packetText(loss),
      outcome: reason,
      summary: `LOST ${direction === 'out' ? 'leaving' : 'arriving'} by ${port}: ${packetText(loss)}; ${why}${byFault(fault)}`,
    };
  });
  const marked = marks.map((mark): Step => {
    const { device, port, direction, fault, frames } = mark;
    const many = frames > 1 ? `; ${frames} frames in all` : '';
    return {
      ...{ atMs: mark.atMs, device, layer: mark.layer, event: 'fault', frames: [mark.frame] },
      subject: `${direction} ${port}: ${faultText(fault)}`,
      outcome: '',
      summary: `${fault} has a hand in what ${direction === 'out' ? 'leaves' : 'arrives'} by ${port}, first in ${packetText(mark)}${many}`,
    };
  });
  return [...lost, ...marked];
}

export function byFault(fault: string): string {
  return fault === '' ? '' : ` (${fault})`;
}

/** What the fault does: its number may be another one in another run. */
function faultText(fault: string): string {
  return fault.replace(/^fault-\d+: /, '');
}
