/** What the schema has to say, in words for the user and with the nearest valid name. */
import type { z } from 'zod';
import { DEVICE_KINDS } from '../../devices/control.js';
import { didYouMean } from '../../devices/stack/wire/nearest.js';
import type { Problem, ProblemCode } from './errors.js';
import { device as deviceSchema } from './schema-devices.js';
import { LONGEST_NAME, NAME_PATTERN, shown } from './schema-fields.js';
import type { Path, Source } from './source.js';

type Issue = z.core.$ZodIssue;
type Schema = z.core.$ZodType;

export interface Finding {
  readonly problem: Problem;
  /** What must be taken out of the value, so that the rest can be checked on. */
  readonly remove: Path;
}

export function findingsOf(issues: readonly Issue[], value: unknown, schema: Schema, source: Source): Finding[] {
  return issues.flatMap((issue) => findings(issue, [], value, schema, source));
}

function findings(issue: Issue, base: Path, root: unknown, schema: Schema, source: Source): Finding[] {
  const path = [...base, ...(issue.path as Path)];
  const at = (code: ProblemCode, message: string, remove = path, key = false): Finding[] => [
    { problem: source.problem(code, path, message, { key }), remove: wholePart(remove) },
  ];
  const last = path[path.length - 1];
  const value = valueAt(root, path);

  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      problem: source.problem('unknown-key', [...path, key], unknownKey(key, path, root, schema), { key: true }),
      remove: [...path, key],
    }));
  }
  if (issue.code === 'invalid_key') return at('name', badName(String(last)), path, true);
  if (path.length === 1 && last === 'name') return at('name', badName(String(value)));
  if (path.length === 2 && path[0] === 'devices' && typeof value === 'string')
    return at('unknown-kind', unknownKind(value));
  if (path.length === 3 && path[0] === 'devices' && last === 'kind') {
    const device = path.slice(0, 2);
    if (value !== undefined) return at('unknown-kind', unknownKind(value), device);
    const message = `the device "${path[1]}" has no kind. Kinds are ${DEVICE_KINDS.join(', ')}.`;
    return at('missing-key', message, device, true);
  }
  if (issue.code === 'invalid_union') {
    const nested = alternative(issue, value);
    if (nested !== undefined) return nested.flatMap((inner) => findings(inner, path, root, schema, source));
  }
  if (value === undefined && path.length > 0) {
    const message = path.length === 1 ? `"${last}:" is missing` : `"${last}" is missing here`;
    return at('missing-key', message, path.slice(0, -1));
  }
  const message = issue.code === 'invalid_type' ? wrongType(issue, value) : issue.message;
  return at(isQuantity(message) ? 'unit' : issue.code === 'invalid_type' ? 'type' : 'value', message);
}

/** Without one of its members a far end is none, and without it the link is another: it goes as a whole; so does a model of loss. */
function wholePart(path: Path): Path {
  const loss = path[0] === 'links' ? path.indexOf('loss') : -1;
  if (loss > 0) return path.slice(0, loss + 1);
  return path[0] === 'links' && path[2] === 'external' ? path.slice(0, 2) : path;
}

/** Of the forms that a value may have: the complaints about the one that was meant, if that can be told. */
function alternative(issue: Extract<Issue, { code: 'invalid_union' }>, value: unknown): Issue[] | undefined {
  const isContainer = typeof value === 'object' && value !== null;
  const meant = issue.errors.filter((issues) =>
    issues.every((inner) => inner.path.length > 0 || inner.code === 'unrecognized_keys'),
  );
  if (isContainer && meant.length > 0) return meant[0];
  // A text that looks like what one alternative wants, but is not: its own words are more exact than the union's.
  return undefined;
}

/** The schema's own words where it has some; for most maps it has none. */
function wrongType(issue: Extract<Issue, { code: 'invalid_type' }>, value: unknown): string {
  if (!issue.message.startsWith('Invalid input')) return issue.message;
  const names: Readonly<Record<string, string>> = {
    object: 'a map',
    record: 'a map',
    array: 'a list',
    string: 'a text',
  };
  return `${shown(value)} is not ${names[issue.expected] ?? `a ${issue.expected}`}`;
}

function unknownKind(kind: unknown): string {
  const word = typeof kind === 'string' ? kind : shown(kind);
  return `kind "${word}" is not supported. Supported kinds are ${DEVICE_KINDS.join(', ')}.${didYouMean(word, DEVICE_KINDS)}`;
}

function badName(name: string): string {
  const rule = 'a name is made of lower-case letters, digits and hyphens, and neither begins nor ends with a hyphen';
  if (NAME_PATTERN.test(name)) return `the name ${shown(name)} is longer than ${LONGEST_NAME} characters`;
  return `${shown(name)} is not a name: ${rule}`;
}

function unknownKey(key: string, path: Path, root: unknown, schema: Schema): string {
  const valid = keysAt(schema, root, path);
  const head = `unknown key ${shown(key)}`;
  const near = didYouMean(key, valid);
  if (near !== '') return `${head}.${near}`;
  if (path.length === 2 && path[0] === 'devices') {
    const kind = (valueAt(root, path) as { kind: string }).kind;
    const others = DEVICE_KINDS.filter((other) => keysAt(deviceSchema, { kind: other }, []).includes(key));
    if (others.length > 0) return `${head}: a ${kind} has no ${key}, a ${others.join(' or ')} has`;
  }
  return `${head}. Keys here are ${valid.join(', ')}.`;
}

function isQuantity(message: string): boolean {
  return /is not a (duration|rate|size|share|queue):/.test(message);
}

export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

/** The keys that the schema knows at this place of the value. */
function keysAt(schema: Schema, value: unknown, path: Path): string[] {
  const here = resolved(schema, value);
  if (here === undefined) return [];
  if (path.length === 0) return here.type === 'object' ? Object.keys(here.shape) : [];
  const [step, ...rest] = path;
  const below = valueAt(value, [step]);
  if (here.type === 'object') {
    const next = here.shape[step] ?? here.catchall;
    return next === undefined ? [] : keysAt(next, below, rest);
  }
  if (here.type === 'record') return keysAt(here.valueType, below, rest);
  return here.type === 'array' ? keysAt(here.element, below, rest) : [];
}

type Definition = z.core.$ZodObjectDef | z.core.$ZodRecordDef | z.core.$ZodArrayDef;

/** The container behind optional, nullable and the alternatives of a union. */
function resolved(schema: Schema, value: unknown): Definition | undefined {
  const definition = schema._zod.def as z.core.$ZodTypeDef & { innerType?: Schema; options?: readonly Schema[] };
  if (definition.type === 'optional' || definition.type === 'nullable') return resolved(definition.innerType!, value);
  if (definition.type === 'union') {
    const options = definition
      .options!.map((option) => resolved(option, value))
      .filter((option) => option !== undefined);
    return options.find((option) => fits(option, value));
  }
  const isContainer = definition.type === 'object' || definition.type === 'record' || definition.type === 'array';
  return isContainer ? (definition as Definition) : undefined;
}

function fits(definition: Definition, value: unknown): boolean {
  if (Array.isArray(value)) return definition.type === 'array';
  if (typeof value !== 'object' || value === null || definition.type === 'array') return false;
  if (definition.type === 'record') return true;
  // The members that say which form this is.
  return ['kind', 'model'].every((key) => {
    const { values } = (definition.shape[key]?._zod.def ?? {}) as { values?: readonly unknown[] };
    return values === undefined || values.includes((value as Record<string, unknown>)[key]);
  });
}
