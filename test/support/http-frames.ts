/** The heads of HTTP/1.1 that crossed the cables in the clear: read from the frames, not from what programs say. */
import { formatIpv4 } from '../../devices/stack/wire/address.js';
import { ipv4Of, tcpOf } from './packets.js';
import type { FrameRecord } from './wiring.js';

export interface HeadOnWire {
  readonly at: number;
  /** "10.0.0.1:40000" */
  readonly from: string;
  readonly to: string;
  /** `GET / HTTP/1.1`, `HTTP/1.1 200 OK` */
  readonly startLine: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Heads that begin a segment and fit into it; sent again, they count once. */
export function headsOnWire(frames: readonly FrameRecord[]): HeadOnWire[] {
  const seen = new Set<string>();
  const heads: HeadOnWire[] = [];
  for (const { at, packet } of frames) {
    const ip = ipv4Of(packet);
    const tcp = tcpOf(packet);
    if (ip === undefined || tcp === undefined) continue;
    const text = Buffer.from(tcp.payload).toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    if (end < 0 || !/^([A-Z]+ \S+ HTTP\/1\.1|HTTP\/1\.1 \d{3} [^\r]*)\r\n/.test(text)) continue;
    const [startLine, ...lines] = text.slice(0, end).split('\r\n');
    const [from, to] = [`${formatIpv4(ip.src)}:${tcp.srcPort}`, `${formatIpv4(ip.dst)}:${tcp.dstPort}`];
    const key = `${from} ${to} ${tcp.seq}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const headers = new Map(
      lines.map((line) => {
        const at = line.indexOf(':');
        return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()] as const;
      }),
    );
    heads.push({ at, from, to, startLine, headers });
  }
  return heads;
}

/** Only what clients send. */
export function requestsOnWire(frames: readonly FrameRecord[]): HeadOnWire[] {
  return headsOnWire(frames).filter(({ startLine }) => !startLine.startsWith('HTTP/'));
}
