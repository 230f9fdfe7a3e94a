/** Who asked on which link for whose address (RFC 826), by the frames: one report a question, with the reply to it. */
import { formatIpv4, formatMac } from '../../devices/stack/wire/address.js';
import { ARP_REPLY, ARP_REQUEST } from '../../devices/stack/wire/arp.js';
import type { ArpReport, Step } from './report.js';
import type { Scene } from './scene.js';

export function arpStory(scene: Scene): ArpReport[] {
  const arpFrames = scene.capture.frames.filter((frame) => frame.layers.arp !== undefined && frame.dropped === '');
  return arpFrames.flatMap((frame): ArpReport[] => {
    const { arp } = frame.layers;
    if (arp === undefined || frame.direction !== 'out' || arp.operation !== ARP_REQUEST) return [];
    // A switch sends it on: only the device that made it tells of it.
    if (scene.ownerOf(formatIpv4(arp.senderIp)) !== frame.device) return [];
    const target = formatIpv4(arp.targetIp);
    const asked = {
      atMs: scene.ms(frame.at),
      device: frame.device,
      interface: frame.port,
      target,
      targetName: scene.ownerOf(target) ?? '',
    };
    if (arp.senderIp === arp.targetIp) {
      return [{ ...asked, kind: 'announcement', mac: formatMac(arp.senderMac), frames: [frame.n] }];
    }
    const reply = arpFrames.find(
      (other) =>
        other.device === frame.device &&
        other.direction === 'in' &&
        other.at >= frame.at &&
        other.layers.arp?.operation === ARP_REPLY &&
        other.layers.arp.senderIp === arp.targetIp,
    );
    if (reply?.layers.arp === undefined) return [{ ...asked, kind: 'unanswered', mac: '', frames: [frame.n] }];
    return [{ ...asked, kind: 'answered', mac: formatMac(reply.layers.arp.senderMac), frames: [frame.n, reply.n] }];
  });
}

export function arpSteps(scene: Scene, reports: readonly ArpReport[]): Step[] {
  return reports.map((report) => ({
    atMs: report.atMs,
    device: report.device,
    layer: 'arp',
    event: report.kind === 'announcement' ? 'announcement' : 'question',
    subject: `${report.target} on ${report.interface}`,
    outcome: placeOf(scene, report),
    ...endOf(scene, report),
    summary: sentence(scene, report),
    frames: report.frames,
  }));
}

/** When the reply came; without one, when the device asked again or gave up. */
function endOf(scene: Scene, { kind, device, target, atMs, frames }: ArpReport): { endMs?: number } {
  if (kind === 'announcement') return {};
  const reply = kind === 'answered' ? scene.capture.frames[frames[1] - 1] : undefined;
  const given = scene.traces('arp-failed').find((trace) => {
    return trace.device === device && trace.event.ip === target && scene.ms(trace.event.at) >= atMs;
  });
  const at = reply?.at ?? given?.event.at;
  return at === undefined ? {} : { endMs: scene.ms(at) };
}

/** Who is behind the MAC address: in another lab it may be another one. */
function placeOf(scene: Scene, { kind, mac }: ArpReport): string {
  if (kind === 'unanswered') return kind;
  const owner = scene.capture.interfaces.find((one) => one.mac === mac);
  return owner === undefined ? mac : `${owner.device}:${owner.port}`;
}

function sentence(scene: Scene, { kind, interface: port, target, mac }: ArpReport): string {
  if (kind === 'announcement') return `announces that ${target} is at ${mac}`;
  const answer = kind === 'answered' ? `it is at ${mac}` : 'No answer';
  return `asks everybody on ${port}: who has ${scene.nameOf(target)}? ${answer}`;
}
