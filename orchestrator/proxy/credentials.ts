/** A user name and a password that a proxy wants to hear. */
import { createHash, timingSafeEqual } from 'node:crypto';

export class Credentials {
  private readonly expected: Buffer;

  constructor(user: string, password: string) {
    this.expected = digest(user, password);
  }

  /** `user:password`; undefined when it is none. */
  static parse(text: string): Credentials | undefined {
    const colon = text.indexOf(':');
    // RFC 1929 has one byte for the length of each, and none of them may be empty.
    const parts = [text.slice(0, Math.max(colon, 0)), text.slice(colon + 1)] as const;
    const lengths = parts.map((part) => Buffer.byteLength(part));
    if (lengths.some((length) => length < 1 || length > 255)) return undefined;
    return new Credentials(...parts);
  }

  /** Takes the same time whatever is wrong. */
  match(user: string, password: string): boolean {
    return timingSafeEqual(digest(user, password), this.expected);
  }

  /** A `Proxy-Authorization` field of the Basic scheme, RFC 7617 section 2. */
  matchBasic(field: string | undefined): boolean {
    const encoded = /^basic +([A-Za-z0-9+/=]+) *$/i.exec(field ?? '')?.[1];
    if (encoded === undefined) return false;
    const text = Buffer.from(encoded, 'base64').toString();
    const colon = text.indexOf(':');
    return colon >= 0 && this.match(text.slice(0, colon), text.slice(colon + 1));
  }
}

function digest(user: string, password: string): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([user, password]))
    .digest();
}
