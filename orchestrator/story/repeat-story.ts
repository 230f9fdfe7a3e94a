/** What was sent again, and what was waited for in vain: by the word of devices, with the frames that say why. */
import { formatIpv4 } from '../../devices/stack/wire/address.js';
import { ACK, formatTcpFlags, SYN } from '../../devices/stack/wire/tcp.js';
import type { LabFrame } from '../capture/session.js';
import { formatDuration } from '../terminal.js';
import { byFault, faultId, type Loss } from './loss-story.js';
import type { Step } from './report.js';
import type { Scene, Traced } from './scene.js';

const RETRANSMISSION_REASONS = {
  timeout: 'no acknowledgement in time',
  fast: 'later segments have arrived',
  probe: 'a probe, since the last segments may be lost',
} as const;

/** A device's trace of it and the frame of the repeated segment have nearly the same time. */
const SAME_TIME_MS = 1;
/** In which a SYN is answered also by a device that is busy, or slow. */
const ANSWER_MS = 100;

export function repeatSteps(scene: Scene): Step[] {
  return [...retransmissionSteps(scene), ...timeoutSteps(scene)];
}

/** `after 204 ms` */
function after(ms: number): string {
  return ms < 10 ? `${ms.toFixed(1)} ms` : formatDuration(ms);
}

/** `lost leaving home-switch by 1 (fault-3: loss 20%)` */
function where({ frame, fault }: Loss): string {
  return `lost ${frame.direction === 'out' ? 'leaving' : 'arriving at'} ${frame.device} by ${frame.port}${byFault(faultId(fault))}`;
}

function retransmissionSteps(scene: Scene): Step[] {
  const sentBy = new Map<string, LabFrame[]>();
  for (const frame of scene.capture.frames) {
    if (frame.direction !== 'out' || frame.layers.tcp === undefined) continue;
    const key = `${frame.device} ${frame.layers.tcp.seq}`;
    const known = sentBy.get(key);
    if (known === undefined) sentBy.set(key, [frame]);
    else known.push(frame);
  }
  const answers = synAnswers(scene, [...sentBy.values()].flat());
  const isAnswer = new Set(answers.map(({ frame }) => frame));
  const repeated = scene.traces('tcp-retransmit').map(({ device, event }): Step => {
    const same = (sentBy.get(`${device} ${event.seq}`) ?? []).filter((frame) => {
      return isOf(frame, event) && !isAnswer.has(frame);
    });
    const before = same.findLast(({ at }) => at < event.at - SAME_TIME_MS);
    const again = same.find(({ at }) => at >= event.at - SAME_TIME_MS);
    const waited = before === undefined ? '' : ` after ${after(event.at - before.at)}`;
    const flags = (before ?? again)?.layers.tcp?.flags ?? 0;
    const isSyn = (flags & SYN) !== 0;
    const what = isSyn ? `its ${formatTcpFlags(flags)}` : `seq=${event.seq}`;
    return {
      atMs: scene.ms(event.at),
      device,
      layer: 'tcp',
      event: 'retransmission',
      // Its own port and sequence numbers are others in each run; so is the remote's port at a server.
      subject: `${isSyn ? formatTcpFlags(flags) : 'data'} to ${scene.endName(event.remote)}`,
      outcome: event.reason,
      summary: `sends ${what} to ${event.remote} again${waited}: ${RETRANSMISSION_REASONS[event.reason]}${fateOf(scene, before, event.at)}`,
      frames: again === undefined ? [] : [again.n],
    };
  });
  return [...repeated, ...answers.map((answer) => answerStep(scene, answer))];
}

interface SynAnswer {
  /** A SYN, ACK that had been sent before. */
  readonly frame: LabFrame;
  readonly before: LabFrame;
  /** That came again. */
  readonly syn: LabFrame;
}

/** SYN, ACK that are sent again at once since the SYN has come again, whatever the timer says: no device calls that a repetition. */
function synAnswers(scene: Scene, sent: readonly LabFrame[]): SynAnswer[] {
  const first = new Map<string, LabFrame>();
  const timed = scene.traces('tcp-retransmit');
  return sent.flatMap((frame): SynAnswer[] => {
    const { ip, tcp } = frame.layers;
    if (ip === undefined || tcp === undefined || (tcp.flags & (SYN | ACK)) !== (SYN | ACK)) return [];
    const { device, at } = frame;
    // Routers and switches on the way do not answer.
    if (scene.ownerOf(formatIpv4(ip.src)) !== device) return [];
    const key = [device, tcp.seq, tcp.srcPort, tcp.dstPort, ip.src, ip.dst].join(' ');
    const before = first.get(key);
    if (before === undefined) first.set(key, frame);
    const syn = scene.framesAt(device).findLast((other) => {
      const { ip: from, tcp: asked } = other.layers;
      const isBack = asked?.srcPort === tcp.dstPort && asked.dstPort === tcp.srcPort && from?.src === ip.dst;
      const isSyn = isBack && (asked.flags & (SYN | ACK)) === SYN && other.direction === 'in';
      return isSyn && other.at <= at && at - other.at < ANSWER_MS;
    });
    const byTimer = timed.some(({ device: who, event }) => {
      return who === device && event.seq === tcp.seq && isOf(frame, event) && Math.abs(at - event.at) < SAME_TIME_MS;
    });
    return before === undefined || syn === undefined || byTimer ? [] : [{ frame, before, syn }];
  });
}

function answerStep(scene: Scene, { frame, before, syn }: SynAnswer): Step {
  const { ip, tcp } = frame.layers;
  const remote = `${formatIpv4(ip?.dst ?? 0)}:${tcp?.dstPort}`;
  return {
    atMs: scene.ms(frame.at),
    device: frame.device,
    layer: 'tcp',
    event: 'retransmission',
    subject: `SYN, ACK to ${scene.endName(remote)}`,
    outcome: 'answer',
    summary: `sends its SYN, ACK to ${remote} again after ${after(frame.at - before.at)}: the SYN has come again #${syn.n}${fateOf(scene, before, frame.at)}`,
    frames: [frame.n],
  };
}

function isOf({ layers: { ip, tcp } }: LabFrame, { local, remote }: { local: string; remote: string }): boolean {
  if (ip === undefined || tcp === undefined) return false;
  const is = (end: string, address: number, port: number) => end === '' || end === `${formatIpv4(address)}:${port}`;
  return is(remote, ip.dst, tcp.dstPort) && is(local, ip.src, tcp.srcPort);
}

/** What became of a segment that is sent again: it was lost, or its acknowledgement, or it had arrived all the same. */
function fateOf(scene: Scene, segment: LabFrame | undefined, until: number): string {
  const { ip, tcp } = segment?.layers ?? {};
  if (segment === undefined || ip === undefined || tcp === undefined) return '';
  const within = ({ frame }: Loss) => frame.at >= segment.at && frame.at < until;
  const lost = scene.losses.find((loss) => {
    const other = loss.segment;
    const isIt = other?.seq === tcp.seq && other.srcPort === tcp.srcPort && other.dstPort === tcp.dstPort;
    return isIt && other.src === ip.src && other.dst === ip.dst && within(loss);
  });
  if (lost !== undefined) return `; the first one was ${where(lost)} #${lost.frame.n}`;
  const answer = scene.losses.find((loss) => {
    const other = loss.segment;
    const isBack = other?.srcPort === tcp.dstPort && other.dstPort === tcp.srcPort && other.src === ip.dst;
    return isBack && other.dst === ip.src && ((other.ack - tcp.seq) | 0) > 0 && within(loss);
  });
  return answer === undefined ? '' : `; the answer to it was ${where(answer)} #${answer.frame.n}`;
}

type Timeout = Traced<'dns-timeout'>;

function timeoutSteps(scene: Scene): Step[] {
  return scene.traces('dns-timeout').map((timeout): Step => {
    const { device, event } = timeout;
    const server = event.to.split(':')[0];
    const asked = scene
      .traces('dns-query')
      .findLast((query) => query.device === device && query.event.id === event.id && query.event.at <= event.at);
    const waited = asked === undefined ? '' : ` within ${after(event.at - asked.event.at)}`;
    const lost = lostOf(scene, timeout, asked?.event.at ?? scene.result.startAt);
    const why =
      lost === undefined ? '' : `; the ${lost.frame.layers.dns?.response ? 'answer' : 'query'} was ${where(lost)}`;
    return {
      atMs: scene.ms(event.at),
      device,
      layer: 'dns',
      event: 'timeout',
      subject: `${event.type} ${event.name.toLowerCase()} of ${scene.nameOf(server)}`,
      outcome: '',
      summary: `hears nothing from ${scene.nameOf(server)} about ${event.type} ${event.name}${waited}${why}`,
      frames: lost === undefined ? [] : [lost.frame.n],
    };
  });
}

function lostOf(scene: Scene, { event }: Timeout, since: number): Loss | undefined {
  const server = event.to.split(':')[0];
  return scene.losses.find(({ frame }) => {
    const { dns, ip } = frame.layers;
    if (dns?.id !== event.id || ip === undefined || frame.at < since || frame.at > event.at) return false;
    return formatIpv4(dns.response ? ip.src : ip.dst) === server;
  });
}
