/** What fast-check draws for the tests of the codecs. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isMalformed, type Malformed } from '../../devices/stack/wire/malformed.js';

export const u8 = fc.integer({ min: 0, max: 0xff });
export const u16 = fc.integer({ min: 0, max: 0xffff });
export const u32 = fc.integer({ min: 0, max: 0xffffffff });
export const ipv4Address = u32;
export const macAddress = fc.integer({ min: 0, max: 0xffffffffffff });

export function bytes(maxLength: number, minLength = 0): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength, maxLength });
}

/** Any bytes are either parsed or refused with a reason; nothing is thrown and nothing is read beyond the end. */
export function parsesOrRefuses(parse: (bytes: Uint8Array) => object | Malformed, maxLength = 80): void {
  const judge = (input: Uint8Array) => {
    const result = parse(input);
    if (isMalformed(result)) return result.malformed.length > 0;
    return holdsOnlyDefined(result);
  };
  fc.assert(fc.property(bytes(maxLength), judge));
}

/** As {@link parsesOrRefuses}, for bytes that are nearly right: a sound message, cut short and with bytes changed. */
export function parsesOrRefusesMutations<T>(
  sound: fc.Arbitrary<T>,
  emit: (value: T) => Uint8Array,
  parse: (bytes: Uint8Array, value: T) => object | Malformed,
): void {
  const change = fc.record({ at: fc.nat(), to: u8 });
  fc.assert(
    fc.property(sound, fc.array(change, { maxLength: 3 }), fc.nat(), (value, changes, cut) => {
      const damaged = emit(value).slice();
      for (const { at, to } of changes) damaged[at % damaged.length] = to;
      const result = parse(damaged.subarray(0, damaged.length - (cut % 4 === 0 ? cut % damaged.length : 0)), value);
      return isMalformed(result) ? result.malformed.length > 0 : holdsOnlyDefined(result);
    }),
  );
}

/** No number is NaN, which is what reading behind the end gives. */
function holdsOnlyDefined(value: object): boolean {
  return Object.values(value).every((member) => !Number.isNaN(member));
}

/** parse∘emit is the identity. Options that are absent and options that are undefined count as equal. */
export function roundTrips<T extends object>(
  values: fc.Arbitrary<T>,
  emit: (value: T) => Uint8Array,
  parse: (bytes: Uint8Array, value: T) => T | Malformed,
): void {
  fc.assert(
    fc.property(values, (value) => {
      assert.deepEqual(normalised(parse(emit(value), value)), normalised(value));
    }),
  );
}

/** Without members that are undefined, and without fast-check's null prototypes. */
function normalised(value: unknown): unknown {
  if (value instanceof Uint8Array) return Array.from(value);
  if (Array.isArray(value)) return value.map(normalised);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => [name, normalised(member)]),
  );
}
