/** Wireshark's tshark as the judge of captures: every check that it can make, one end of a link at a time. */
import { join } from 'node:path';
import { runTool } from './tool.js';

const CHECKS = ['ip.check_checksum', 'tcp.check_checksum', 'udp.check_checksum', 'eth.check_fcs'];

/** What no impairment explains: a frame that an impairment has changed is marked as dropped, and not looked at. */
const WRONG = [
  '_ws.malformed',
  'eth.fcs.status == "Bad"',
  'ip.checksum.status == "Bad"',
  // Linux writes 0xffff where the sum is 0, as UDP must; the receiver adds up to the same.
  '(tcp.checksum.status == "Bad" and not tcp.checksum.ffff)',
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

/** The messages in the segments are not put together: of 100 MB that takes an hour. */
const NOT_PUT_TOGETHER = ['-o', 'tcp.desegment_tcp_streams:FALSE'];
/** Each frame by itself: the same segment at several ends of links is not taken for a stream. */
const NO_STREAMS = [...NOT_PUT_TOGETHER, '-o', 'tcp.analyze_sequence_numbers:FALSE'];

export interface RemarkOptions {
  /** Messages that are to be expected. */
  readonly explained?: RegExp;
  /** What the segments carry does not matter, and is much. */
  readonly isBulk?: boolean;
}

/** Looks at each frame of a capture by itself. */
export async function judgeFrames(file: string): Promise<Verdict> {
  const numbers = await tshark(file, ...NO_STREAMS, '-T', 'fields', '-e', 'frame.number');
  return { frames: numbers.length, wrong: await tshark(file, ...NO_STREAMS, '-Y', WRONG) };
}

/**
 * How connections begin and end, that a client takes a port again by chance, and that a receiver's window holds a sender
 * back, is no remark about them.
 */
const ORDINARY =
  /^Connection (establish|finish)|^A new tcp session is started with the same ports|connection closing$|^TCP (window (update|specified by)|Zero Window)|^TCP Checksum 0xffff/;

/** What a lossy link explains. A segment that was acknowledged and never seen is not among it. */
export const OF_LOSS =
  /^(dropped: impairmentLoss|Previous segment\(s\) not captured|Duplicate ACK|D-SACK Sequence|This frame is a \(suspected\) (out-of-order segment|(fast |spurious )?retransmission))/;

/**
 * What is to be remarked about TCP, and all that it carries, as it was seen at one end of a link, and how often. One
 * end, since a segment that is seen at two would be a retransmission. The part of the capture is written into `folder`.
 */
export async function remarksAt(
  end: string,
  file: string,
  folder: string,
  { explained, isBulk = false }: RemarkOptions = {},
): Promise<Record<string, number>> {
  const part = join(folder, `${end.replace(':', '-')}.pcapng`);
  await tshark(file, ...NO_STREAMS, '-Y', `frame.interface_name == "${end}"`, '-w', part);
  const filter = `(tcp and _ws.expert.severity >= ${NOTE}) or ${WRONG}`;
  const fields = ['-T', 'fields', '-E', 'aggregator=|', '-e', '_ws.expert.message'];
  const lines = await tshark(part, ...(isBulk ? NOT_PUT_TOGETHER : []), '-Y', filter, ...fields);
  const counts: Record<string, number> = {};
  for (const text of lines.flatMap((line) => line.split('|'))) {
    const message = text.replace(/ \(#\d+\)$/, '');
    if (!ORDINARY.test(message) && !explained?.test(message)) counts[message] = (counts[message] ?? 0) + 1;
  }
  return withoutEarlyProbes(counts, isBulk ? 20 : 3);
}

const RETRANSMITTED = /^This frame is a \(suspected\) retransmission$/;
const OF_PROBES = /^(This frame is a \(suspected\) (spurious )?retransmission|D-SACK Sequence|Duplicate ACK)$/;

/**
 * On a busy machine a device may wait for the processor for longer than its peer waits for an ACK (RFC 8985 section 7.2:
 * twice the round trip). A segment is sent again then that has long arrived, and the receiver says so by D-SACK. A few of
 * those, when nothing else was noticed, are the machine's doing.
 */
function withoutEarlyProbes(counts: Record<string, number>, most: number): Record<string, number> {
  const kinds = Object.entries(counts);
  const [, again = 0] = kinds.find(([message]) => RETRANSMITTED.test(message)) ?? [];
  const arePaired = again > 0 && again <= most && counts['D-SACK Sequence'] === again;
  const onlyProbes = kinds.every(([message, count]) => OF_PROBES.test(message) && count <= again);
  return arePaired && onlyProbes ? {} : counts;
}

/** The names that one address asked another about, in small letters, as they went into the other's end of the link. */
export async function questionsIn(file: string, from: string, to: string): Promise<string[]> {
  const filter = `dns.flags.response == 0 and ip.src == ${from} and ip.dst == ${to}`;
  const names = await tshark(file, ...NO_STREAMS, '-Y', filter, '-T', 'fields', '-e', 'dns.qry.name');
  return names.map((name) => name.toLowerCase());
}

export interface Resent {
  /** Bytes that a sender sent once more, and bytes of its that the link dropped. */
  readonly again: number;
  readonly dropped: number;
  /** How often its receiver said that it had got something twice. */
  readonly duplicates: number;
}

/** Of the one connection from this address and port, in a capture of the sender's own end. Less than 4 GB. */
export async function resent(address: string, port: number, file: string): Promise<Resent> {
  const fields = ['tcp.seq', 'tcp.len', 'frame.comment'].flatMap((field) => ['-e', field]);
  const lines = await tshark(
    file,
    ...NOT_PUT_TOGETHER,
    '-Y',
    `ip.src == ${address} and tcp.srcport == ${port} and tcp.len > 0`,
    '-T',
    'fields',
    ...fields,
  );
  let [sent, end, dropped] = [0, 0, 0];
  for (const line of lines) {
    const [seq, length, comment] = line.split('\t');
    sent += Number(length);
    // Relative to the SYN, which has 0.
    end = Math.max(end, Number(seq) + Number(length) - 1);
    if (comment) dropped += Number(length);
  }
  const told = `ip.dst == ${address} and tcp.dstport == ${port} and tcp.options.sack.dsack_le`;
  const duplicates = await tshark(file, ...NOT_PUT_TOGETHER, '-Y', told);
  return { again: sent - end, dropped, duplicates: duplicates.length };
}
