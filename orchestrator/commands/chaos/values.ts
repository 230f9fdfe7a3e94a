/** What is written behind options, as a topology file would have it. */
import type { Command } from 'commander';
import { parse } from 'yaml';
import type { z } from 'zod';
import { LONGEST_MS } from '../../chaos/request-schema.js';
import { CliError } from '../../errors.js';
import { duration, share, size } from '../../topology/schema-fields.js';
import { parseDuration, parseShare, parseSize } from '../../topology/units.js';

/** What every fault has. */
export interface CommonOptions {
  readonly for?: string;
  readonly seed?: string;
  readonly lab?: string;
  readonly json?: boolean;
}

export function withCommonOptions(command: Command): Command {
  return command
    .option('--for <time>', 'it ends by itself after this time, such as 10s; else with `netarium chaos end ID`')
    .option('--seed <seed>', "of its random draws; the fault's id when left out")
    .option('--lab <lab>', 'which lab, when several are up')
    .option('--json', 'print the fault as JSON');
}

export function commonOf(options: CommonOptions): { forMs?: number; seed?: string } {
  const forMs = options.for === undefined ? undefined : readDuration('--for', options.for);
  if (forMs === 0) throw new CliError(2, '--for: a fault of no time is none');
  if (forMs !== undefined && forMs > LONGEST_MS)
    throw new CliError(2, `--for: "${options.for}" is too long: at most 24d`);
  if (options.seed !== undefined) checkSeed(options.seed);
  return { ...(forMs !== undefined && { forMs }), ...(options.seed !== undefined && { seed: options.seed }) };
}

/** An option whose value was forgotten swallows the next one. Throws a CliError of status 2. */
export function checkSeed(text: string): void {
  if (/^-\D/.test(text)) throw new CliError(2, `--seed: "${text}" looks like an option: a seed begins with no dash`);
}

/** Maps and lists, numbers, true and false as YAML has them; everything else is a text. */
export function readValue(option: string, text: string): unknown {
  if (!/^\s*([[{]|[-+.\d]+(e[-+]?\d+)?$|true$|false$)/i.test(text)) return text;
  try {
    return parse(text);
  } catch {
    throw new CliError(2, `${option}: ${JSON.stringify(text)} is neither a list nor a map, as YAML has them`);
  }
}

/** Milliseconds. */
export function readDuration(option: string, text: string): number {
  return read(option, duration, text, parseDuration);
}

/** Milliseconds; `-2h` is below 0. */
export function readSignedDuration(option: string, text: string): number {
  const sign = text.startsWith('-') ? -1 : 1;
  return sign * readDuration(option, text.replace(/^[-+]/, ''));
}

export function readShare(option: string, text: string): number {
  return read(option, share, text, parseShare);
}

/** Bytes. */
export function readSize(option: string, text: string): number {
  return read(option, size, text, parseSize);
}

/** A whole number. */
export function readCount(option: string, text: string, least: number): number {
  const value = /^\d{1,7}$/.test(text) ? Number(text) : undefined;
  if (value !== undefined && value >= least) return value;
  throw new CliError(2, `${option}: ${JSON.stringify(text)} is not a number: write a whole one, at least ${least}`);
}

function read<T>(option: string, schema: z.ZodType, text: string, parseText: (text: string) => T | undefined): T {
  const checked = schema.safeParse(text);
  const value = parseText(text);
  if (checked.success && value !== undefined) return value;
  throw new CliError(2, `${option}: ${checked.error?.issues[0].message ?? text}`);
}
