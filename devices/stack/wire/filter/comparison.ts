/** What a comparison asks of each value: tests against literals, and tests between two values. */
import { equalBytes } from '../bytes.js';
import type { FieldType, Value, ValueTest } from './field.js';
import { FilterProblem } from './filter-error.js';
import { bytesOf, type Literal, readLiteral, TYPE_NAMES, type Written } from './literals.js';
import { compilePattern } from './pattern.js';
import type { Source } from './source.js';
import type { Comparator } from './syntax.js';

/** `any` of the values, or `all` of them, must pass. */
export interface Comparison {
  readonly test: ValueTest;
  readonly quantifier: 'any' | 'all';
}

/** Negative, 0 or positive; both of one type. */
function order(a: Value, b: Value): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  return orderBytes(a as Uint8Array, b as Uint8Array);
}

function orderBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

function equals(a: Value, b: Value): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return equalBytes(a, b);
  return a === b;
}

type Order = Exclude<Comparator, 'contains' | 'matches'>;

function orderHolds(comparator: Order, difference: number): boolean {
  switch (comparator) {
    case '<':
      return difference < 0;
    case '<=':
      return difference <= 0;
    case '>':
      return difference > 0;
    case '>=':
      return difference >= 0;
    case '==':
    case '===':
      return difference === 0;
    default:
      return difference !== 0;
  }
}

/** Without a word to say otherwise: `!=` and `===` want it of all values, all others of any. */
function usualQuantifier(comparator: Comparator): 'any' | 'all' {
  return comparator === '!=' || comparator === '===' ? 'all' : 'any';
}

export function compareWithLiteral(source: Source, comparator: Comparator, literal: Written): Comparison {
  const quantifier = usualQuantifier(comparator);
  if (comparator === 'contains') return { test: containing(source, literal), quantifier };
  if (comparator === 'matches') return { test: matching(source, literal), quantifier };
  requireOrder(source);
  const { value, mask } = readLiteral(literal, source);
  if (mask !== undefined) {
    const network = value as number;
    return { test: (other) => orderHolds(comparator, (((other as number) & mask) >>> 0) - network), quantifier };
  }
  // The commonest, and the cheapest.
  if (comparator === '==' && typeof value !== 'object') return { test: (other) => other === value, quantifier };
  return { test: (other) => orderHolds(comparator, order(other, value)), quantifier };
}

export function compareSources(
  left: Source,
  comparator: Comparator,
  right: Source,
): {
  readonly holds: (left: Value, right: Value) => boolean;
  readonly quantifier: 'any' | 'all';
} {
  const quantifier = usualQuantifier(comparator);
  if (comparator === 'matches')
    throw new FilterProblem('behind "matches" comes a pattern in double quotes', right.column);
  if (comparator === 'contains') {
    requireContents(left);
    requireContents(right);
    return { holds: (a, b) => contains(contentsOf(a, left.type), contentsOf(b, right.type)), quantifier };
  }
  requireOrder(left);
  requireOrder(right);
  const [leftKind, rightKind] = [kindOf(left.type), kindOf(right.type)];
  if (leftKind === rightKind) {
    return { holds: (a, b) => orderHolds(comparator, equals(a, b) ? 0 : order(a, b)), quantifier };
  }
  // A slice against a whole address: both as bytes.
  if ([leftKind, rightKind].includes('bytes') && isBinary(left.type) && isBinary(right.type)) {
    const holds = (a: Value, b: Value) =>
      orderHolds(comparator, orderBytes(bytesOf(a, left.type) as Uint8Array, bytesOf(b, right.type) as Uint8Array));
    return { holds, quantifier };
  }
  throw new FilterProblem(
    `${left.label} is ${TYPE_NAMES[left.type]}, ${right.label} ${TYPE_NAMES[right.type]}: they cannot be compared`,
    right.column,
  );
}

function isBinary(type: FieldType): boolean {
  return ['bytes', 'protocol', 'ether', 'ipv4', 'ipv6'].includes(type);
}

/** Types whose values may be compared with each other. */
function kindOf(type: FieldType): string {
  if (type === 'boolean' || type.startsWith('uint')) return 'number';
  return type === 'protocol' ? 'bytes' : type;
}

function requireOrder({ type, label, column }: Source): void {
  if (type === 'none') throw new FilterProblem(`${label} has no value: it is there or not`, column);
}

/** What `contains` and `matches` look into. */
type Contents = string | Uint8Array;

function requireContents({ type, label, column }: Source): void {
  if (['string', 'bytes', 'protocol', 'ether'].includes(type)) return;
  throw new FilterProblem(`${label} is ${TYPE_NAMES[type]} and contains nothing`, column);
}

function contentsOf(value: Value, type: FieldType): Contents {
  return typeof value === 'string' ? value : (bytesOf(value, type) as Uint8Array);
}

function contains(whole: Contents, part: Contents): boolean {
  if (typeof whole === 'string' && typeof part === 'string') return whole.includes(part);
  return indexOfBytes(asBytes(whole), asBytes(part)) >= 0;
}

function asBytes(contents: Contents): Uint8Array {
  return typeof contents === 'string' ? new TextEncoder().encode(contents) : contents;
}

function indexOfBytes(whole: Uint8Array, part: Uint8Array): number {
  if (part.length === 0) return 0;
  for (let at = whole.indexOf(part[0]); at >= 0; at = whole.indexOf(part[0], at + 1)) {
    if (at + part.length > whole.length) return -1;
    if (equalBytes(whole.subarray(at, at + part.length), part)) return at;
  }
  return -1;
}

function containing(source: Source, literal: Written): ValueTest {
  requireContents(source);
  const { type } = source;
  const expected = { type: type === 'string' ? type : 'bytes' } as const;
  const part = readLiteral(literal, expected).value as Contents;
  return (value) => contains(contentsOf(value, type), part);
}

function matching(source: Source, literal: Written): ValueTest {
  requireContents(source);
  if (literal.kind !== 'string') {
    throw new FilterProblem('behind "matches" comes a pattern in double quotes', literal.column);
  }
  const pattern = compilePattern(literal.text);
  if (pattern instanceof Error) throw new FilterProblem(pattern.message, literal.column);
  return (value) => pattern(contentsOf(value, source.type));
}

/** One member of a set. */
export function memberTest(source: Source, low: Written, high: Written | undefined): ValueTest {
  requireOrder(source);
  if (high === undefined) return compareWithLiteral(source, '==', low).test;
  const [from, to] = [readLiteral(low, source), readLiteral(high, source)];
  if (from.mask !== undefined || to.mask !== undefined) {
    throw new FilterProblem('a range goes from address to address, not between networks', low.column);
  }
  if (order(from.value, to.value) > 0) throw new FilterProblem('a range goes from less to more', low.column);
  return inRange(from, to);
}

function inRange(from: Literal, to: Literal): ValueTest {
  return (value) => order(value, from.value) >= 0 && order(value, to.value) <= 0;
}
