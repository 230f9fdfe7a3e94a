/**
 * DHCP options (RFC 2132): code, length, value; 0 pads, 255 ends. The ones that Netarium's client and server use are
 * typed; others are skipped. A value over 255 bytes is cut into several options of one code (RFC 3396).
 */
import type { Ipv4Address } from './address.js';
import { concatBytes, readU16, readU32, writeU16, writeU32 } from './bytes.js';
import { type Malformed, malformed } from './malformed.js';

export interface DhcpOptions {
  /** 1 */
  readonly subnetMask?: Ipv4Address;
  /** 3, in order of preference; at least one. */
  readonly routers?: readonly Ipv4Address[];
  /** 6, in order of preference; at least one. */
  readonly dnsServers?: readonly Ipv4Address[];
  /** 12; not empty. Each character is one byte: whoever shows it must expect any. */
  readonly hostName?: string;
  /** 15; not empty. */
  readonly domainName?: string;
  /** 28 */
  readonly broadcastAddress?: Ipv4Address;
  /** 50 */
  readonly requestedAddress?: Ipv4Address;
  /** 51, seconds; {@link INFINITE_LEASE} never ends. */
  readonly leaseSeconds?: number;
  /** 54: the server's address. */
  readonly serverIdentifier?: Ipv4Address;
  /** 55: codes of the options that the client would like. */
  readonly parameterRequestList?: readonly number[];
  /** 56: why a NAK or a DECLINE, for people. */
  readonly message?: string;
  /** 57, bytes, 576 … 65535. */
  readonly maximumMessageSize?: number;
  /** 58: T1, seconds. */
  readonly renewalSeconds?: number;
  /** 59: T2, seconds. */
  readonly rebindingSeconds?: number;
  /** 61: hardware type and address, or anything else that is the client's own. */
  readonly clientIdentifier?: Uint8Array;
  /** 82, as a relay or a switch put it in; servers send it back (RFC 3046 section 2.2). */
  readonly relayInformation?: Uint8Array;
}

/** RFC 2131 section 3.3 */
export const INFINITE_LEASE = 0xffffffff;

/** Code to value, fragments of a long value put together. */
export type OptionFields = Map<number, Uint8Array>;

interface OptionCodec<T> {
  readonly code: number;
  /** undefined: not a value of this option. */
  parse(value: Uint8Array): T | undefined;
  emit(value: T): Uint8Array;
}

const PAD = 0;
const OVERLOAD = 52;
const MESSAGE_TYPE = 53;
const END = 255;

function u32(code: number): OptionCodec<number> {
  return {
    code,
    parse: (value) => (value.length === 4 ? readU32(value, 0) : undefined),
    emit: (value) => {
      const bytes = new Uint8Array(4);
      writeU32(bytes, 0, value);
      return bytes;
    },
  };
}

function u16(code: number): OptionCodec<number> {
  return {
    code,
    parse: (value) => (value.length === 2 ? readU16(value, 0) : undefined),
    emit: (value) => {
      const bytes = new Uint8Array(2);
      writeU16(bytes, 0, value);
      return bytes;
    },
  };
}

function addresses(code: number): OptionCodec<readonly Ipv4Address[]> {
  const one = u32(code);
  return {
    code,
    parse: (value) => {
      if (value.length === 0 || value.length % 4 !== 0) return undefined;
      return Array.from({ length: value.length / 4 }, (_, i) => readU32(value, 4 * i));
    },
    emit: (value) => concatBytes(...value.map((address) => one.emit(address))),
  };
}

/** RFC 2132 section 2: text is NVT ASCII; a receiver takes off trailing zeros that some senders add. */
function text(code: number): OptionCodec<string> {
  return {
    code,
    parse: (value) => {
      const out = Array.from(value, (byte) => String.fromCharCode(byte)).join('');
      return out.replace(/\0+$/, '');
    },
    emit: (value) => Uint8Array.from(value, (character) => character.charCodeAt(0)),
  };
}

function bytes(code: number, minimumLength: number): OptionCodec<Uint8Array> {
  return { code, parse: (value) => (value.length >= minimumLength ? value : undefined), emit: (value) => value };
}

function numbers(code: number): OptionCodec<readonly number[]> {
  return {
    code,
    parse: (value) => (value.length === 0 ? undefined : Array.from(value)),
    emit: (value) => Uint8Array.from(value),
  };
}

type OptionCodecs = { readonly [K in keyof DhcpOptions]-?: OptionCodec<NonNullable<DhcpOptions[K]>> };

/** In the order of their codes, which is the order in which they are sent. */
const CODECS: OptionCodecs = {
  subnetMask: u32(1),
  routers: addresses(3),
  dnsServers: addresses(6),
  hostName: text(12),
  domainName: text(15),
  broadcastAddress: u32(28),
  requestedAddress: u32(50),
  leaseSeconds: u32(51),
  serverIdentifier: u32(54),
  parameterRequestList: numbers(55),
  message: text(56),
  maximumMessageSize: u16(57),
  renewalSeconds: u32(58),
  rebindingSeconds: u32(59),
  clientIdentifier: bytes(61, 2),
  relayInformation: bytes(82, 1),
};
const NAMES = Object.keys(CODECS) as (keyof DhcpOptions)[];

/** Code of a named option, for a parameter request list. */
export function optionCode(name: keyof DhcpOptions): number {
  return CODECS[name].code;
}

/** Adds the options of one field to `fields`. Bytes that end without END are taken as they are: some senders cut. */
export function readOptionFields(field: Uint8Array, fields: OptionFields): Malformed | undefined {
  let at = 0;
  while (at < field.length && field[at] !== END) {
    const code = field[at];
    at += 1;
    if (code === PAD) continue;
    const end = at + 1 + field[at];
    // `!(…)`: a missing length byte makes `end` NaN.
    if (!(end <= field.length)) return malformed('dhcp option truncated');
    const value = field.subarray(at + 1, end);
    const before = fields.get(code);
    fields.set(code, before === undefined ? value : concatBytes(before, value));
    at = end;
  }
  return undefined;
}

/** Option 52: which of the two old fields hold more options. */
export function overloadOf(fields: OptionFields): { readonly file: boolean; readonly sname: boolean } {
  const flags = fields.get(OVERLOAD)?.[0] ?? 0;
  return { file: (flags & 1) !== 0, sname: (flags & 2) !== 0 };
}

/** Typed values of the known options; malformed when one has a length or value that its definition forbids. */
export function optionsFrom(fields: OptionFields): DhcpOptions | Malformed {
  const options: Record<string, unknown> = {};
  for (const name of NAMES) {
    const field = fields.get(CODECS[name].code);
    if (field === undefined) continue;
    const value = CODECS[name].parse(field);
    if (value === undefined) return malformed(`dhcp option ${CODECS[name].code}`);
    // Some clients send an empty host name where they have none.
    if (value !== '') options[name] = value;
  }
  return options as DhcpOptions;
}

/** The whole options field, message type first, END last. */
export function emitOptions(type: number, options: DhcpOptions): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(MESSAGE_TYPE, 1, type)];
  for (const name of NAMES) emitOption(name, options, parts);
  parts.push(Uint8Array.of(END));
  return concatBytes(...parts);
}

function emitOption<K extends keyof DhcpOptions>(name: K, options: DhcpOptions, parts: Uint8Array[]): void {
  const value = options[name];
  if (value === undefined) return;
  const codec = CODECS[name] as OptionCodec<NonNullable<DhcpOptions[K]>>;
  const encoded = codec.emit(value as NonNullable<DhcpOptions[K]>);
  for (let at = 0; at < encoded.length; at += 255) {
    const piece = encoded.subarray(at, at + 255);
    parts.push(Uint8Array.of(codec.code, piece.length), piece);
  }
}
