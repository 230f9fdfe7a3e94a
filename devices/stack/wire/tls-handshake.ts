/**
 * Messages of TLS's handshake (RFC 8446 section 4, RFC 5246 section 7.4) as far as they pass in the clear: all of them up
 * to the server's hello in version 1.3, up to Finished in version 1.2.
 *
 * ```
 *  | type 1 | length 3 | body |
 * ```
 */
import { equalBytes, fromHex, readU16 } from './bytes.js';
import { type Malformed, malformed } from './malformed.js';
import { TLS_HANDSHAKE, type TlsRecord } from './tls.js';
import { TlsReader } from './tls-reader.js';

export const TLS_CLIENT_HELLO = 1;
export const TLS_SERVER_HELLO = 2;
const HANDSHAKE_HEADER_LENGTH = 4;

/** In Wireshark's words. */
export const TLS_HANDSHAKE_NAMES: Readonly<Record<number, string>> = {
  0: 'Hello Request',
  [TLS_CLIENT_HELLO]: 'Client Hello',
  [TLS_SERVER_HELLO]: 'Server Hello',
  4: 'New Session Ticket',
  5: 'End of Early Data',
  8: 'Encrypted Extensions',
  11: 'Certificate',
  12: 'Server Key Exchange',
  13: 'Certificate Request',
  14: 'Server Hello Done',
  15: 'Certificate Verify',
  16: 'Client Key Exchange',
  20: 'Finished',
  22: 'Certificate Status',
  24: 'Key Update',
};

const EXT_SERVER_NAME = 0;
const EXT_ALPN = 16;
const EXT_PRE_SHARED_KEY = 41;
const EXT_SUPPORTED_VERSIONS = 43;
const EXT_KEY_SHARE = 51;
const HOST_NAME = 0;

/** RFC 8446 section 4.1.3: the random value of a server hello that asks for another client hello. */
const HELLO_RETRY_RANDOM = fromHex('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c');

/** What a client offers, or a server chooses. */
export interface TlsHello {
  /** Of the field; version 1.3 says 1.2 there and names itself in `versions`. */
  readonly legacyVersion: number;
  readonly random: Uint8Array;
  readonly sessionId: Uint8Array;
  readonly cipherSuites: readonly number[];
  /** Types, in order. */
  readonly extensions: readonly number[];
  /** RFC 6066 section 3; empty when there is none. */
  readonly serverName: string;
  /** RFC 7301, the protocols of the application. */
  readonly alpn: readonly string[];
  /** Of `supported_versions`; empty before version 1.3. */
  readonly versions: readonly number[];
  /** Groups of `key_share`. */
  readonly keyShares: readonly number[];
  readonly isRetryRequest: boolean;
  /** A client offers to resume a session of version 1.3, or a server accepts it. */
  readonly hasPreSharedKey: boolean;
}

export interface TlsMessage {
  readonly type: number;
  /** Where its header begins in the bytes that were read. */
  readonly at: number;
  /** Of the body. */
  readonly length: number;
  /** Of the two hello messages; absent where it cannot be read. */
  readonly hello?: TlsHello;
}

/** Messages one behind the other; the last one may be cut short. What has no known type ends the list. */
export function parseTlsMessages(bytes: Uint8Array): readonly TlsMessage[] | Malformed {
  const messages: TlsMessage[] = [];
  for (let at = 0; at + HANDSHAKE_HEADER_LENGTH <= bytes.length; ) {
    const type = bytes[at];
    if (TLS_HANDSHAKE_NAMES[type] === undefined) break;
    const length = (bytes[at + 1] << 16) | readU16(bytes, at + 2);
    const from = at + HANDSHAKE_HEADER_LENGTH;
    const body = bytes.subarray(from, from + length);
    const hello = helloOf(type, body);
    messages.push({ type, at, length, ...(hello && { hello }) });
    at = from + length;
  }
  return messages.length === 0 ? malformed('no tls handshake message') : messages;
}

/**
 * Messages of one record. Empty for one that carries none, and for an encrypted one: with the cipher's bytes a type that is
 * known would have to meet a length that fits.
 */
export function messagesOf({ contentType, length, fragment }: TlsRecord): readonly TlsMessage[] {
  if (contentType !== TLS_HANDSHAKE) return [];
  const messages = parseTlsMessages(fragment);
  if ('malformed' in messages) return [];
  const last = messages[messages.length - 1];
  const fits = last.at + HANDSHAKE_HEADER_LENGTH + last.length <= length;
  return fits ? messages : [];
}

function helloOf(type: number, body: Uint8Array): TlsHello | undefined {
  if (type !== TLS_CLIENT_HELLO && type !== TLS_SERVER_HELLO) return undefined;
  const hello = type === TLS_CLIENT_HELLO ? parseTlsClientHello(body) : parseTlsServerHello(body);
  return 'malformed' in hello ? undefined : hello;
}

/** The body of the message: RFC 8446 section 4.1.2. */
export function parseTlsClientHello(body: Uint8Array): TlsHello | Malformed {
  const reader = new TlsReader(body);
  const legacyVersion = reader.u16();
  const random = reader.take(32);
  const sessionId = reader.vector(1);
  const cipherSuites = reader.within(2, (list) => list.numbers());
  reader.vector(1);
  return finishHello(reader, { legacyVersion, random, sessionId, cipherSuites }, 'client');
}

/** The body of the message: RFC 8446 section 4.1.3. */
export function parseTlsServerHello(body: Uint8Array): TlsHello | Malformed {
  const reader = new TlsReader(body);
  const legacyVersion = reader.u16();
  const random = reader.take(32);
  const sessionId = reader.vector(1);
  const cipherSuites = [reader.u16()];
  reader.u8();
  return finishHello(reader, { legacyVersion, random, sessionId, cipherSuites }, 'server');
}

type HelloStart = Pick<TlsHello, 'legacyVersion' | 'random' | 'sessionId' | 'cipherSuites'>;

/** The extensions, which may be left out before version 1.3. Unknown ones are skipped. */
function finishHello(reader: TlsReader, start: HelloStart, from: 'client' | 'server'): TlsHello | Malformed {
  const isRetryRequest = from === 'server' && equalBytes(start.random, HELLO_RETRY_RANDOM);
  const found = { serverName: '', alpn: [] as string[], versions: [] as number[], keyShares: [] as number[] };
  const extensions: number[] = [];
  if (!reader.isAtEnd) {
    reader.within(2, (list) => {
      while (!list.isAtEnd) {
        const type = list.u16();
        list.within(2, (value) => {
          if (type === EXT_SERVER_NAME) found.serverName = serverName(value);
          else if (type === EXT_ALPN) found.alpn = protocols(value);
          else if (type === EXT_SUPPORTED_VERSIONS) found.versions = versions(value, from);
          else if (type === EXT_KEY_SHARE) found.keyShares = keyShares(value, from);
        });
        if (!list.hasFailed) extensions.push(type);
      }
    });
  }
  if (reader.hasFailed) return malformed('tls hello truncated');
  return { ...start, ...found, extensions, isRetryRequest, hasPreSharedKey: extensions.includes(EXT_PRE_SHARED_KEY) };
}

/** A server answers with an empty extension. */
function serverName(value: TlsReader): string {
  if (value.isAtEnd) return '';
  return value.within(2, (list) => {
    while (!list.isAtEnd) {
      const type = list.u8();
      const name = list.vector(2);
      if (type === HOST_NAME) return asText(name);
    }
    return '';
  });
}

function protocols(value: TlsReader): string[] {
  return value.within(2, (list) => {
    const names: string[] = [];
    while (!list.isAtEnd) names.push(asText(list.vector(1)));
    return names;
  });
}

function versions(value: TlsReader, from: 'client' | 'server'): number[] {
  return from === 'server' ? [value.u16()] : value.within(1, (list) => list.numbers());
}

/** A hello retry request names the group alone. */
function keyShares(value: TlsReader, from: 'client' | 'server'): number[] {
  if (from === 'server') {
    const group = value.u16();
    if (!value.isAtEnd) value.vector(2);
    return [group];
  }
  return value.within(2, (list) => {
    const groups: number[] = [];
    while (!list.isAtEnd) {
      groups.push(list.u16());
      list.vector(2);
    }
    return groups;
  });
}

/** Each byte one character: names are ASCII, and what is not must not disappear. */
function asText(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
