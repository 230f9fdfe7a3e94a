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

/** RFC 1122 section 2.3.2.1: who gets no answer asks again after a second. */
const RETRY_MS = 1000;

/** The capture ended before an answer could be missed. */
function isOpen(scene: Scene, { kind, atMs, device, target }: ArpReport, reports: readonly ArpReport[]): boolean {
  const last = scene.capture.frames.at(-1)?.at ?? 0;
  if (kind !== 'unanswered' || scene.ms(last) - atMs >= RETRY_MS) return false;
  const isAgain = reports.some((other) => other.atMs > atMs && other.device === device && other.target === target);
  return !isAgain && endOf(scene, { kind, atMs, device, target, frames: [] }).endMs === undefined;
}

export function arpSteps(scene: Scene, reports: readonly ArpReport[]): Step[] {
  return reports
    .map((report) => ({ report, open: isOpen(scene, report, reports) }))
    .map(({ report, open }) => ({
      atMs: report.atMs,
      device: report.device,
      layer: 'arp',
      event: report.kind === 'announcement' ? 'announcement' : 'question',
      subject: `${report.target} on ${report.interface}`,
      outcome: open ? 'not answered yet' : placeOf(scene, report),
      ...endOf(scene, report),
      summary: sentence(scene, report, open),
      frames: report.frames,
    }));
}

/** When the reply came; without one, when the device asked again or gave up. */
function endOf(
  scene: Scene,
  { kind, device, target, atMs, frames }: Pick<ArpReport, 'kind' | 'device' | 'target' | 'atMs' | 'frames'>,
): { endMs?: number } {
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

function sentence(scene: Scene, { kind, interface: port, target, mac }: ArpReport, open: boolean): string {
  if (kind === 'announcement') return `announces that ${target} is at ${mac}`;
  const answer = kind === 'answered' ? `it is at ${mac}` : open ? 'No answer yet as the capture ends' : 'No answer';
  return `asks everybody on ${port}: who has ${scene.nameOf(target)}? ${answer}`;
}
