/** A report from its file. What is in it was written by anybody: it is checked before it is compared. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { CliError } from '../errors.js';
import { cannotRead } from '../file-errors.js';
import type { FetchReport } from '../story/report.js';

const HINT = 'A report is what `netarium fetch URL --json > report.json` writes.';

const failure = z.object({ code: z.string(), message: z.string(), stage: z.string() });
const step = z.object({
  atMs: z.number(),
  device: z.string(),
  layer: z.string(),
  event: z.string(),
  subject: z.string(),
  outcome: z.string(),
  summary: z.string(),
  frames: z.array(z.number()),
});
const resource = z.object({
  url: z.string(),
  status: z.number(),
  bytes: z.number(),
  sha256: z.string(),
  error: failure.optional(),
});
const segment = z.object({ atMs: z.number(), direction: z.string() });
const connection = z.object({ remote: z.string(), tries: z.number(), handshake: z.array(segment) });
const exchange = z.object({
  remote: z.string(),
  requestSegments: z.array(segment),
  responseSegments: z.array(segment),
});

/** What a comparison reads of it. */
const REPORT = z.object({
  url: z.string(),
  finalUrl: z.string(),
  ok: z.boolean(),
  status: z.number(),
  lab: z.string(),
  from: z.string(),
  durationMs: z.number().nonnegative(),
  error: failure.optional(),
  resources: z.array(resource),
  dns: z.array(z.object({ name: z.string(), type: z.string(), addresses: z.array(z.string()) })),
  connections: z.array(connection),
  exchanges: z.array(exchange),
  path: z.array(z.unknown()),
  steps: z.array(step),
  faults: z.array(z.object({ id: z.string(), title: z.string(), target: z.string() })).optional(),
  losses: z.array(z.unknown()),
  marks: z.array(z.unknown()),
  capture: z.object({ waitMs: z.number().nonnegative() }),
});

/** Throws a CliError of status 2 that says what is in the file instead. */
export async function readReport(path: string): Promise<FetchReport> {
  const text = await readFile(path, 'utf8').catch((error) => {
    throw cannotRead(path, error);
  });
  return checkReport(path, parse(path, text));
}

function parse(path: string, text: string): unknown {
  if (text.trim() === '') throw new CliError(2, `${path} is empty`, HINT);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CliError(2, `${path} is not JSON: ${(error as Error).message}`, HINT);
  }
}

export function checkReport(path: string, value: unknown): FetchReport {
  if (Array.isArray(value)) throw new CliError(2, `${path} is a list, not the report of a fetch`, HINT);
  if (typeof value !== 'object' || value === null) {
    throw new CliError(2, `${path} is a single value, not the report of a fetch`, HINT);
  }
  if ('log' in value && !('steps' in value))
    throw new CliError(2, `${path} is a HAR file, not the report of a fetch`, HINT);
  if (!('url' in value && 'steps' in value && 'durationMs' in value)) {
    throw new CliError(2, `${path} is not the report of a fetch: it has ${fieldsOf(value)}`, HINT);
  }
  const { success, error } = REPORT.safeParse(value);
  if (success) return value as FetchReport;
  const [issue] = error.issues;
  const where = issue.path.join('.');
  throw new CliError(
    2,
    `${path} is no report that can be compared: ${where}: ${issue.message}`,
    `${HINT} One of an older version is to be made anew.`,
  );
}

function fieldsOf(value: object): string {
  const names = Object.keys(value);
  if (names.length === 0) return 'no fields';
  return names.length > 5 ? `${names.slice(0, 5).join(', ')}, …` : names.join(', ');
}
