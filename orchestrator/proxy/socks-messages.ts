/**
 * SOCKS 5 (RFC 1928, RFC 1929) and 4a, server side: what the bytes of a handshake mean. Messages are read piece by piece
 * from a {@link ByteSource}, however they are cut on their way.
 */
import { isIPv4 } from 'node:net';

/** Exact numbers of bytes, waited for. Rejects when the client ends or breaks off before. */
export interface ByteSource {
  take(length: number): Promise<Uint8Array>;
}

/** What a client wants; `unsupported` is answered with that reply. */
export type SocksRequest =
  | { readonly kind: 'connect'; readonly host: string; readonly port: number }
  | { readonly kind: 'unsupported'; readonly reply: number };

/** RFC 1928 section 6. */
export const SOCKS_REPLY = {
  succeeded: 0,
  generalFailure: 1,
  notAllowed: 2,
  networkUnreachable: 3,
  hostUnreachable: 4,
  connectionRefused: 5,
  ttlExpired: 6,
  commandNotSupported: 7,
  addressTypeNotSupported: 8,
} as const;

/** RFC 1928 section 3. */
export const SOCKS_METHOD = { none: 0, password: 2, noneAcceptable: 0xff } as const;

const CONNECT = 1;
const IPV4 = 1;
const DOMAIN_NAME = 3;
const IPV6 = 4;
/** Of a user's id in version 4, which has no limit of its own, and of a name. */
const MAX_TEXT = 255;

/** What cannot be a handshake: there is nobody to answer. */
export class SocksSyntaxError extends Error {}

/** RFC 1928 section 3, after the version byte: the methods that the client offers. */
export async function readMethods(source: ByteSource): Promise<Uint8Array> {
  const [count] = await source.take(1);
  if (count === 0) throw new SocksSyntaxError('no authentication method is offered');
  return source.take(count);
}

/** RFC 1929 section 2. */
export async function readCredentials(source: ByteSource): Promise<{ user: string; password: string }> {
  const [version, userLength] = await source.take(2);
  if (version !== 1) throw new SocksSyntaxError(`version ${version} of the password exchange`);
  const user = textOf(await source.take(userLength), 'utf8');
  const [passwordLength] = await source.take(1);
  return { user, password: textOf(await source.take(passwordLength), 'utf8') };
}

/** RFC 1928 section 4. */
export async function readRequest(source: ByteSource): Promise<SocksRequest> {
  const [version, command, , type] = await source.take(4);
  if (version !== 5) throw new SocksSyntaxError(`version ${version} in the request`);
  const host = await readAddress(source, type);
  if (host === undefined) return { kind: 'unsupported', reply: SOCKS_REPLY.addressTypeNotSupported };
  const port = portOf(await source.take(2));
  if (command !== CONNECT) return { kind: 'unsupported', reply: SOCKS_REPLY.commandNotSupported };
  return { kind: 'connect', host, port };
}

/** Section 5. Undefined for a type that is not spoken here: IPv6, and those whose length nobody knows. */
async function readAddress(source: ByteSource, type: number): Promise<string | undefined> {
  if (type === IPV4) return (await source.take(4)).join('.');
  if (type === DOMAIN_NAME) {
    const [length] = await source.take(1);
    return textOf(await source.take(length), 'latin1');
  }
  if (type === IPV6) await source.take(16 + 2);
  return undefined;
}

/** After the version byte 4: the address, or, as version 4a has it, a name behind an address 0.0.0.x. */
export async function readVersion4Request(source: ByteSource): Promise<SocksRequest> {
  const [command, ...numbers] = await source.take(7);
  const port = portOf(numbers);
  const address = numbers.slice(2);
  await readTerminated(source);
  const isName = address[0] === 0 && address[1] === 0 && address[2] === 0 && address[3] !== 0;
  const host = isName ? await readTerminated(source) : address.join('.');
  if (command !== CONNECT) return { kind: 'unsupported', reply: SOCKS_REPLY.commandNotSupported };
  return { kind: 'connect', host, port };
}

async function readTerminated(source: ByteSource): Promise<string> {
  const bytes: number[] = [];
  for (;;) {
    const [byte] = await source.take(1);
    if (byte === 0) return textOf(Uint8Array.from(bytes), 'latin1');
    if (bytes.push(byte) > MAX_TEXT) throw new SocksSyntaxError('a text without end');
  }
}

/** RFC 1928 section 6; `bound` is our end of the connection, `192.0.2.1:40000`. */
export function formatReply(reply: number, bound = '0.0.0.0:0'): Uint8Array {
  return Uint8Array.from([5, reply, 0, IPV4, ...addressBytes(bound)]);
}

/** 90: granted, 91: rejected or failed. Port and address, which nobody reads, come in the other order. */
export function formatVersion4Reply(granted: boolean, bound = '0.0.0.0:0'): Uint8Array {
  const bytes = addressBytes(bound);
  return Uint8Array.from([0, granted ? 90 : 91, ...bytes.slice(4), ...bytes.slice(0, 4)]);
}

/** The reply that says most about why there is no connection. */
export function replyOf(code: string): number {
  switch (code) {
    case 'ENETUNREACH':
      return SOCKS_REPLY.networkUnreachable;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EHOSTUNREACH':
      return SOCKS_REPLY.hostUnreachable;
    case 'ECONNREFUSED':
      return SOCKS_REPLY.connectionRefused;
    // Nothing else comes near a time-out, and other servers answer it, too.
    case 'ETIMEDOUT':
      return SOCKS_REPLY.ttlExpired;
    case 'EAFNOSUPPORT':
      return SOCKS_REPLY.addressTypeNotSupported;
    default:
      return SOCKS_REPLY.generalFailure;
  }
}

function addressBytes(endpoint: string): number[] {
  const [address, port] = endpoint.split(':');
  const dotted = isIPv4(address) ? address : '0.0.0.0';
  return [...dotted.split('.').map(Number), Number(port) >> 8, Number(port) & 0xff];
}

function portOf([high, low]: ArrayLike<number> & Iterable<number>): number {
  return high * 256 + low;
}

function textOf(bytes: Uint8Array, encoding: BufferEncoding): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(encoding);
}
