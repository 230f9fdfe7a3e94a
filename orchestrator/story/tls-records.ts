/** The records that one side of a TLS connection sent, each with the frames that carried it. */
import { isMalformed } from '../../devices/stack/wire/malformed.js';
import { SYN } from '../../devices/stack/wire/tcp.js';
import {
  parseTlsRecords,
  startsTlsRecord,
  TLS_RECORD_HEADER_LENGTH,
  type TlsRecord,
} from '../../devices/stack/wire/tls.js';
import type { LabFrame } from '../capture/session.js';
import { tcpOf } from './tcp-story.js';

/** Handshakes are over by then, also those with long chains of certificates. */
const MAX_BYTES = 64 * 1024;

export interface SeenRecord extends TlsRecord {
  readonly frames: readonly LabFrame[];
  /** When its last byte that was seen passed. */
  readonly seenAt: number;
}

/** A stretch of the stream that one frame was the first to carry. */
interface Piece {
  readonly start: number;
  readonly end: number;
  readonly frame: LabFrame;
}

/** @param frames what one side sent, in order of time, as the client saw it */
export function recordsSeen(frames: readonly LabFrame[]): SeenRecord[] {
  const { bytes, pieces } = streamOf(frames);
  if (!startsTlsRecord(bytes)) return [];
  const records = parseTlsRecords(bytes);
  if (isMalformed(records)) return [];
  return records.map((record) => {
    const end = record.at + TLS_RECORD_HEADER_LENGTH + record.fragment.length;
    const carriers = pieces.filter((piece) => piece.start < end && piece.end > record.at).map(({ frame }) => frame);
    return { ...record, frames: carriers, seenAt: Math.max(...carriers.map(({ at }) => at)) };
  });
}

/** The beginning of the stream of bytes, up to the first hole. */
function streamOf(frames: readonly LabFrame[]): { bytes: Uint8Array; pieces: Piece[] } {
  const first = frames.find((frame) => tcpOf(frame).flags & SYN);
  const data = frames.filter((frame) => tcpOf(frame).payload.length > 0);
  if (data.length === 0) return { bytes: new Uint8Array(0), pieces: [] };
  const base = first === undefined ? tcpOf(data[0]).seq : tcpOf(first).seq + 1;
  const offset = (frame: LabFrame) => (tcpOf(frame).seq - base) | 0;
  const bytes = new Uint8Array(MAX_BYTES);
  const pieces: Piece[] = [];
  let length = 0;
  for (const frame of [...data].sort((a, b) => offset(a) - offset(b) || a.at - b.at)) {
    const at = offset(frame);
    const { payload } = tcpOf(frame);
    if (at > length || length === MAX_BYTES) break;
    const end = Math.min(at + payload.length, MAX_BYTES);
    if (end <= length) continue;
    bytes.set(payload.subarray(length - at, end - at), length);
    pieces.push({ start: length, end, frame });
    length = end;
  }
  return { bytes: bytes.subarray(0, length), pieces };
}
