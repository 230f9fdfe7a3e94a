/** What a field of the filter language is: a name and a type as in Wireshark, and how its values are read. */
import { readU16, readU32 } from '../bytes.js';
import type { Layer, PacketView, ProtocolName } from './packet-view.js';

/**
 * `protocol`: the layer itself, as bytes; `none`: it is there or not, without a value; `time`: seconds. An `ipv4` is a
 * number as in address.ts, an `ether` too, a `boolean` is 0 or 1.
 */
export type FieldType =
  | 'protocol'
  | 'none'
  | 'boolean'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'ipv4'
  | 'ipv6'
  | 'ether'
  | 'string'
  | 'bytes'
  | 'time';

export type Value = number | string | Uint8Array;
export type ValueTest = (value: Value) => boolean;

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  /** One line for lists of fields. */
  readonly description: string;
  readonly protocol: ProtocolName;
  /** Names of values, as Wireshark shows them: `arp.opcode == "request"`. */
  readonly valueNames?: Readonly<Record<string, number>>;
  /** Of a protocol whose payload `contains` looks into, but of which slices and `len` see only the header. */
  readonly someHeader?: Reader;
  /** Whether `test` holds for any of the field's values in this layer; asks no further once one does. Never throws. */
  some(view: PacketView, layer: Layer, test: ValueTest): boolean;
}

export type Reader = (view: PacketView, layer: Layer, test: ValueTest) => boolean;
type NumberType = 'boolean' | 'uint8' | 'uint16' | 'uint32' | 'ipv4';

export interface NumberOptions {
  /** Bits of the number that count; the value is shifted down by the zeros below. */
  readonly mask?: number;
  readonly valueNames?: Readonly<Record<string, number>>;
}

/** Makes the fields of one protocol. */
export class FieldMaker {
  private readonly of: ProtocolName;

  constructor(protocol: ProtocolName) {
    this.of = protocol;
  }

  /** The protocol as a field: its bytes are header and payload. */
  layer(description: string): Field {
    return this.read(this.of, 'protocol', description, ({ bytes }, { at, end }, test) => test(bytes.subarray(at, end)));
  }

  /** The same of a protocol that Wireshark counts without its payload. */
  headerLayer(description: string, headerEndOf: (layer: Layer) => number): Field {
    const someHeader: Reader = ({ bytes }, layer, test) => test(bytes.subarray(layer.at, headerEndOf(layer)));
    return { ...this.layer(description), someHeader };
  }

  /** A big-endian number of 1, 2 or 4 bytes at a fixed place of the header. */
  number(
    name: string,
    type: NumberType,
    at: readonly [offset: number, width: 1 | 2 | 4],
    description: string,
    { mask, valueNames }: NumberOptions = {},
  ): Field {
    const [offset, width] = at;
    const shift = mask === undefined ? 0 : 31 - Math.clz32(mask & -mask);
    const some: Reader = (view, layer, test) => {
      const from = layer.at + offset;
      if (from + width > layer.headerEnd) return false;
      const value = readNumber(view.bytes, from, width);
      return test(mask === undefined ? value : (value & mask) >>> shift);
    };
    return this.read(name, type, description, some, valueNames);
  }

  /** Any other: `some` must ask `test` about each value. */
  read(
    name: string,
    type: FieldType,
    description: string,
    some: Reader,
    valueNames?: Readonly<Record<string, number>>,
  ): Field {
    return { name, type, description, protocol: this.of, valueNames, some };
  }
}

export function readNumber(bytes: Uint8Array, at: number, width: 1 | 2 | 4): number {
  if (width === 1) return bytes[at];
  return width === 2 ? readU16(bytes, at) : readU32(bytes, at);
}

/** Both in turn, as `ip.addr` is source and destination. */
export function either(first: Field, second: Field): Reader {
  return (view, layer, test) => first.some(view, layer, test) || second.some(view, layer, test);
}

/** Values of a checksum's status. */
export const CHECKSUM_STATUS = { Bad: 0, Good: 1, Unverified: 2, 'Not present': 3 };
