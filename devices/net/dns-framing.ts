/** DNS over TCP (RFC 1035 section 4.2.2, RFC 7766 section 8): each message is preceded by its length in two bytes. */
import { concatBytes, readU16, writeU16 } from '../stack/wire/bytes.js';

/** One write, so that length and message ride in one segment (RFC 7766 section 8). */
export function frameDns(message: Uint8Array): Uint8Array {
  const framed = new Uint8Array(2 + message.length);
  writeU16(framed, 0, message.length);
  framed.set(message, 2);
  return framed;
}

/** Cuts a byte stream into messages, however it was cut into segments. Keeps at most one unfinished message. */
export class DnsFrames {
  private pending: Uint8Array = new Uint8Array(0);

  /** The messages that these bytes complete. */
  push(chunk: Uint8Array): Uint8Array[] {
    this.pending = this.pending.length === 0 ? chunk : concatBytes(this.pending, chunk);
    const messages: Uint8Array[] = [];
    while (this.pending.length >= 2) {
      const end = 2 + readU16(this.pending, 0);
      if (this.pending.length < end) break;
      messages.push(this.pending.slice(2, end));
      this.pending = this.pending.subarray(end);
    }
    return messages;
  }
}
