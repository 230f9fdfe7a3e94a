/** What a value should be, and what values of rows and results are compared with. */
import { parseDuration, parseRate, parseShare, parseSize } from '../topology/units.js';
import type { AmountFile, MatcherFile, MatchersFile } from './schema-values.js';

export interface Match {
  /** `REACHABLE`, `at least 3`: follows "is". */
  readonly text: string;
  /** A value that is not there is undefined. */
  test(value: unknown): boolean;
}

/** A field, by its path: `error.stage`, and what it should be. */
export interface FieldMatch {
  readonly field: string;
  readonly match: Match;
}

type Plain = string | number | boolean | null;

/** Throws SyntaxError when `matches` is no regular expression, RangeError when a bound is no quantity. */
export function compileMatch(file: MatcherFile): Match {
  if (Array.isArray(file)) return { text: file.map(String).join(' or '), test: (value) => isAny(value, file) };
  if (typeof file !== 'object' || file === null) return { text: String(file), test: (value) => isAny(value, [file]) };
  const parts: Match[] = [];
  const { not, atLeast, atMost, contains, matches } = file;
  if (not !== undefined) {
    const refused = [not].flat();
    parts.push({ text: `not ${refused.map(String).join(' or ')}`, test: (value) => !isAny(value, refused) });
  }
  if (atLeast !== undefined) {
    const least = quantity(atLeast);
    parts.push({ text: `at least ${atLeast}`, test: (value) => amountOf(value) >= least });
  }
  if (atMost !== undefined) {
    const most = quantity(atMost);
    parts.push({ text: `at most ${atMost}`, test: (value) => amountOf(value) <= most });
  }
  if (contains !== undefined) {
    const holds = (value: unknown) =>
      [value].flat().some((item) => typeof item === 'string' && item.includes(contains));
    parts.push({ text: `containing "${contains}"`, test: holds });
  }
  if (matches !== undefined) {
    const pattern = new RegExp(matches, 'm');
    const fits = (value: unknown) => [value].flat().some((item) => typeof item === 'string' && pattern.test(item));
    parts.push({ text: `matching /${matches}/`, test: fits });
  }
  return {
    text: parts.map(({ text }) => text).join(' and ') || 'anything',
    test: (value) => parts.every((part) => part.test(value)),
  };
}

export function compileAmount(file: AmountFile | undefined): Match {
  return compileMatch(file ?? { atLeast: 1 });
}

/** Throws as {@link compileMatch}; `onError` may take what it throws instead, with the field's name. */
export function compileFields(
  file: MatchersFile | undefined,
  onError?: (field: string, error: Error) => void,
): FieldMatch[] {
  return Object.entries(file ?? {}).flatMap(([field, matcher]) => {
    try {
      return [{ field, match: compileMatch(matcher) }];
    } catch (error) {
      if (onError === undefined) throw error;
      onError(field, error as Error);
      return [];
    }
  });
}

export function fieldsText(fields: readonly FieldMatch[]): string {
  return fields.map(({ field, match }) => `${field} ${match.text}`).join(', ');
}

/** The fields that are not as they should be. */
export function misses(fields: readonly FieldMatch[], value: unknown): FieldMatch[] {
  return fields.filter(({ field, match }) => !match.test(fieldOf(value, field)));
}

/** `drops.badFcs` of `{drops: {badFcs: 2}}`, `connections.0.close`. */
export function fieldOf(value: unknown, path: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Object.hasOwn(value, path)) return (value as Record<string, unknown>)[path];
  const dot = path.indexOf('.');
  if (dot < 0) return undefined;
  const head = path.slice(0, dot);
  return Object.hasOwn(value, head)
    ? fieldOf((value as Record<string, unknown>)[head], path.slice(dot + 1))
    : undefined;
}

/** As people see it: `"ETIMEDOUT"`, `3`, `nothing`. */
export function valueText(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  const text = typeof value === 'string' ? `"${value}"` : JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 197)}...` : text;
}

function isAny(value: unknown, wanted: readonly Plain[]): boolean {
  if (Array.isArray(value)) return value.some((item) => isAny(item, wanted));
  return wanted.some((plain) => {
    if (plain === null) return value === undefined || value === null;
    if (typeof value === 'number' && typeof plain === 'string')
      return quantityOf(plain) === value || String(value) === plain;
    // The ports of a switch are called 1, 2, 3, and YAML takes such a name for a number.
    return value === plain || (typeof plain === 'number' && String(plain) === value);
  });
}

/** What is not there has been counted zero times. */
function amountOf(value: unknown): number {
  return value === undefined || value === null ? 0 : typeof value === 'number' ? value : Number.NaN;
}

function quantity(written: string | number): number {
  const value = typeof written === 'number' ? written : quantityOf(written);
  if (value === undefined) throw new RangeError(`"${written}" is not a quantity: write 3, 500ms, 64KiB, 2Mbit or 10%`);
  return value;
}

/** Milliseconds, bytes, bits per second, shares of 1. */
function quantityOf(text: string): number | undefined {
  return parseDuration(text) ?? parseSize(text) ?? parseRate(text) ?? parseShare(text);
}
