/**
 * Small checkers for JSON that a person may have written by hand. A checker returns the first thing that is wrong, as
 * "ports[0].mac: expected a MAC address such as 02:00:00:00:00:01", or undefined.
 */
import { parseCidr, parseIpv4, parseMac } from '../stack/wire/address.js';
import { typeFromText } from '../stack/wire/dns-type.js';

export type Checker = (value: unknown, path: string) => string | undefined;

function rule(expected: string, accepts: (value: unknown) => boolean): Checker {
  return (value, path) => (accepts(value) ? undefined : `${path}: expected ${expected}, got ${show(value)}`);
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 40 ? `${text.slice(0, 37)}…` : text;
}

export const isText = rule('a text', (v) => typeof v === 'string' && v !== '');
export const isBoolean = rule('true or false', (v) => typeof v === 'boolean');
export const isSeed = rule('a number or a text', (v) => typeof v === 'string' || typeof v === 'number');
export const isIpv4 = rule('an IPv4 address such as 192.0.2.1', (v) => isString(v) && parseIpv4(v) !== undefined);
export const isCidr = rule(
  'an address with its prefix length such as 192.0.2.1/24',
  (v) => isString(v) && parseCidr(v) !== undefined,
);
export const isIpv4OrCidr = rule(
  'an IPv4 address or a subnet such as 192.0.2.0/24',
  (v) => isString(v) && (parseIpv4(v) ?? parseCidr(v)) !== undefined,
);
export const isRecordType = rule(
  'a type of DNS records such as MX or TYPE65280',
  (v) => isString(v) && typeFromText(v) !== undefined,
);
export const isMac = rule('a MAC address such as 02:00:00:00:00:01', (v) => isString(v) && parseMac(v) !== undefined);
export const isProbability = number(0, 1);

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

/** A finite number from `min` to `max`. */
export function number(min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY): Checker {
  const range = max === Number.POSITIVE_INFINITY ? ` of at least ${min}` : ` from ${min} to ${max}`;
  return rule(
    `a number${min === Number.NEGATIVE_INFINITY ? '' : range}`,
    (v) => typeof v === 'number' && Number.isFinite(v) && v >= min && v <= max,
  );
}

/** A number of more than `min`, to `max`. */
export function numberAbove(min: number, max: number): Checker {
  return rule(`a number above ${min}, to ${max}`, (v) => typeof v === 'number' && v > min && v <= max);
}

export function integer(min: number, max: number): Checker {
  return rule(
    `a whole number from ${min} to ${max}`,
    (v) => Number.isInteger(v) && Number(v) >= min && Number(v) <= max,
  );
}

export function oneOf(values: readonly (string | number)[]): Checker {
  return rule(`one of ${values.join(', ')}`, (v) => values.includes(v as string));
}

/** True or false, or what `other` accepts. */
export function booleanOr(other: Checker): Checker {
  return (value, path) => (typeof value === 'boolean' ? undefined : other(value, path));
}

export function list(each: Checker): Checker {
  return (value, path) => {
    if (!Array.isArray(value)) return `${path}: expected a list, got ${show(value)}`;
    for (const [index, item] of value.entries()) {
      const fault = each(item, `${path}[${index}]`);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };
}

/** An object with any keys. */
export function record(each: Checker): Checker {
  return (value, path) => {
    if (!isObject(value)) return `${path}: expected an object, got ${show(value)}`;
    for (const [key, item] of Object.entries(value)) {
      const fault = each(item, `${path}.${key}`);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };
}

/** An object with these keys and no others. */
export function object(required: Record<string, Checker>, optional: Record<string, Checker> = {}): Checker {
  return (value, path) => {
    if (!isObject(value)) return `${path || 'the file'}: expected an object, got ${show(value)}`;
    const at = (key: string) => (path === '' ? key : `${path}.${key}`);
    for (const key of Object.keys(value)) {
      if (!Object.hasOwn(required, key) && !Object.hasOwn(optional, key)) {
        return `${at(key)}: unknown key; known are ${[...Object.keys(required), ...Object.keys(optional)].join(', ')}`;
      }
    }
    for (const [key, check] of Object.entries(required)) {
      const fault = value[key] === undefined ? `${at(key)}: is missing` : check(value[key], at(key));
      if (fault !== undefined) return fault;
    }
    for (const [key, check] of Object.entries(optional)) {
      const fault = value[key] === undefined ? undefined : check(value[key], at(key));
      if (fault !== undefined) return fault;
    }
    return undefined;
  };
}

/** An object of one of several shapes, which its member `tag` tells apart. */
export function variant(tag: string, shapes: Readonly<Record<string, Checker>>): Checker {
  const isTag = oneOf(Object.keys(shapes));
  return (value, path) => {
    if (!isObject(value)) return `${path}: expected an object, got ${show(value)}`;
    return isTag(value[tag], `${path}.${tag}`) ?? shapes[value[tag] as string](value, path);
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
