/** DNS over TCP (RFC 1035 section 4.2.2, RFC 7766 section 8): each message is preceded by its length in two bytes. */
import { readU16, writeU16 } from '../stack/wire/bytes.js';

const PREFIX_LENGTH = 2;

/** One write, so that length and message ride in one segment (RFC 7766 section 8). */
export function frameDns(message: Uint8Array): Uint8Array {
  const framed = new Uint8Array(PREFIX_LENGTH + message.length);
  writeU16(framed, 0, message.length);
  framed.set(message, PREFIX_LENGTH);
  return framed;
}

/**
 * Cuts a byte stream into messages, however it was cut into segments. Keeps at most one unfinished message, in as many
 * bytes as it will have, and copies each byte once: a sender of single bytes gains nothing by it.
 */
export class DnsFrames {
  /** The prefix, or the message behind it; so much of it is there. */
  private part: Uint8Array = new Uint8Array(PREFIX_LENGTH);
  private isPrefix = true;
  private filled = 0;

  /** The messages that these bytes complete. */
  push(chunk: Uint8Array): Uint8Array[] {
    const messages: Uint8Array[] = [];
    for (let at = 0; at < chunk.length || this.filled === this.part.length; ) {
      const taken = Math.min(this.part.length - this.filled, chunk.length - at);
      this.part.set(chunk.subarray(at, at + taken), this.filled);
      this.filled += taken;
      at += taken;
      if (this.filled < this.part.length) break;
      if (!this.isPrefix) messages.push(this.part);
      this.isPrefix = !this.isPrefix;
      this.part = new Uint8Array(this.isPrefix ? PREFIX_LENGTH : readU16(this.part, 0));
      this.filled = 0;
    }
    return messages;
  }
}
