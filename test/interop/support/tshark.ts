/** Wireshark's tshark as the judge of captures: every check that it can make, one end of a link at a time. */
import { join } from 'node:path';
import { runTool } from './tool.js';

const CHECKS = ['ip.check_checksum', 'tcp.check_checksum', 'udp.check_checksum', 'eth.check_fcs'];

/** What no impairment explains: a frame that an impairment has changed is marked as dropped, and not looked at. */
const WRONG = [
  '_ws.malformed',
  'eth.fcs.status == "Bad"',
  'ip.checksum.status == "Bad"',
  'tcp.checksum.status == "Bad"',
  'udp.checksum.status == "Bad"',
  'icmp.checksum.status == "Bad"',
].join(' or ');

/** Expert information from this severity on: a note is a retransmission, a warning a segment that is missing. */
const NOTE = 0x400000;

export interface Verdict {
  readonly frames: number;
  /** One line for each frame that is wrong in itself. */
  readonly wrong: readonly string[];
}

async function tshark(file: string, ...argv: string[]): Promise<string[]> {
  const preferences = CHECKS.flatMap((check) => ['-o', `${check}:TRUE`]);
  const { stdout, stderr, exitStatus } = await runTool(['tshark', '-n', '-r', file, ...preferences, ...argv], {
    environment: { HOME: '/tmp' },
  });
  if (exitStatus !== 0) throw new Error(`tshark ${argv.join(' ')}: status ${exitStatus}\n${stderr}`);
  return stdout.split('\n').filter(Boolean);
}

/** Each frame by itself: the same segment at several ends of links is not taken for a stream. */
const NO_STREAMS = ['-o', 'tcp.desegment_tcp_streams:FALSE', '-o', 'tcp.analyze_sequence_numbers:FALSE'];

export async function judgeFrames(file: string): Promise<Verdict> {
  const numbers = await tshark(file, '-T', 'fields', '-e', 'frame.number');
  return { frames: numbers.length, wrong: await tshark(file, ...NO_STREAMS, '-Y', WRONG) };
}

/** How connections begin and end, and that a receiver's window holds a sender back, is no remark about them. */
const ORDINARY = /^Connection (establish|finish)|connection closing$|^TCP window specified by the receiver is now/;

/**
 * What is to be remarked about TCP, and all that it carries, as it was seen at one end of a link, and how often; but for
 * what is `explained`. One end, since a segment that is seen at two would be a retransmission. The part of the capture is
 * written into `folder`.
 */
export async function remarksAt(
  end: string,
  file: string,
  folder: string,
  explained?: RegExp,
): Promise<Record<string, number>> {
  const part = join(folder, `${end.replace(':', '-')}.pcapng`);
  await tshark(file, '-Y', `frame.interface_name == "${end}"`, '-w', part);
  const filter = `(tcp and _ws.expert.severity >= ${NOTE}) or ${WRONG}`;
  const lines = await tshark(part, '-Y', filter, '-T', 'fields', '-E', 'aggregator=|', '-e', '_ws.expert.message');
  const counts: Record<string, number> = {};
  for (const message of lines.flatMap((line) => line.split('|'))) {
    if (!ORDINARY.test(message) && !explained?.test(message)) counts[message] = (counts[message] ?? 0) + 1;
  }
  return withoutEarlyProbes(counts);
}

const RETRANSMITTED = /^This frame is a \(suspected\) retransmission$/;
const OF_PROBES = /^(This frame is a \(suspected\) (spurious )?retransmission|D-SACK Sequence|Duplicate ACK \(#1\))$/;
const MAX_EARLY_PROBES = 3;

/**
 * On a busy machine a device may wait for the processor for longer than its peer waits for an ACK (RFC 8985 section 7.2:
 * twice the round trip). A segment is sent again then that has long arrived, and the receiver says so by D-SACK. A few of
 * those, when nothing else was noticed, are the machine's doing.
 */
function withoutEarlyProbes(counts: Record<string, number>): Record<string, number> {
  const kinds = Object.entries(counts);
  const [, again = 0] = kinds.find(([message]) => RETRANSMITTED.test(message)) ?? [];
  const arePaired = again > 0 && again <= MAX_EARLY_PROBES && counts['D-SACK Sequence'] === again;
  const onlyProbes = kinds.every(([message, count]) => OF_PROBES.test(message) && count <= again);
  return arePaired && onlyProbes ? {} : counts;
}
