/** Whether conditions hold, and what is seen instead. */
import { CliError } from '../errors.js';
import { formatDuration } from '../terminal.js';
import { type FieldMatch, fieldOf, misses, valueText } from './matching.js';
import type { Condition, FramesCondition } from './model.js';
import type { CommandOutcome, PageOutcome, Stage } from './stage.js';

/** When a named step ran. */
export interface Span {
  readonly from: number;
  /** Undefined while it runs. */
  to: number | undefined;
}

/** What steps that have a name left for those after them. */
export interface Memory {
  readonly results: ReadonlyMap<string, PageOutcome | CommandOutcome>;
  readonly spans: ReadonlyMap<string, Span>;
}

export interface Verdict {
  readonly holds: boolean;
  /** What is seen, in words. */
  readonly seen: string;
}

export class Judge {
  private readonly stage: Stage;
  private readonly memory: Memory;
  private readonly now: () => number;

  constructor(stage: Stage, memory: Memory, now: () => number) {
    this.stage = stage;
    this.memory = memory;
    this.now = now;
  }

  /** Of several, the first that does not hold; `since`: where frames are counted from when they have no other time. */
  async all(conditions: readonly Condition[], since: number): Promise<Verdict> {
    if (conditions.some(({ kind }) => kind === 'frames')) await this.stage.framesSettled();
    const seen: string[] = [];
    for (const condition of conditions) {
      const verdict = await this.one(condition, since);
      if (!verdict.holds) return verdict;
      seen.push(verdict.seen);
    }
    return { holds: true, seen: seen.join('; ') };
  }

  async one(condition: Condition, since: number): Promise<Verdict> {
    switch (condition.kind) {
      case 'frames':
        return this.frames(condition, since);
      case 'table':
        return this.table(condition);
      case 'counter':
        return this.counter(condition);
      case 'device':
        return this.device(condition);
      case 'carrier':
        return this.carrier(condition);
      case 'result':
        return this.result(condition);
    }
  }

  /** Whether the time in which frames are counted has begun. */
  hasBegun(condition: Condition): boolean {
    return condition.kind !== 'frames' || condition.during === undefined || this.memory.spans.has(condition.during);
  }

  /** At once: for what is asked at each frame. */
  frames({ watch, during, count }: FramesCondition, since: number): Verdict {
    const span = during === undefined ? undefined : this.memory.spans.get(during);
    if (during !== undefined && span === undefined) return { holds: false, seen: `${during} has not run` };
    const seen = this.stage.framesSeen(watch, span?.from ?? since, span?.to ?? this.now());
    return { holds: count.test(seen), seen: `${seen} ${seen === 1 ? 'frame' : 'frames'}` };
  }

  private async table(condition: Extract<Condition, { kind: 'table' }>): Promise<Verdict> {
    const { on, table, where, is, rows: amount } = condition;
    const answer = await this.rows(on, table);
    if (!Array.isArray(answer)) return { holds: false, seen: `${answer}` };
    const rows = answer.filter((row) => misses(where, row).length === 0);
    const count = `${rows.length} ${rows.length === 1 ? 'row' : 'rows'}`;
    if (!amount.test(rows.length)) return { holds: false, seen: `${count}${rowsText(rows)}` };
    for (const row of rows) {
      const missed = misses(is, row);
      if (missed.length > 0) return { holds: false, seen: missesText(missed, row) };
    }
    const told = is.length > 0 && rows.length > 0 ? valuesText(is, rows[0]) : count;
    return { holds: true, seen: told };
  }

  private async counter({ on, counter, is }: Extract<Condition, { kind: 'counter' }>): Promise<Verdict> {
    const rows = await this.rows(on, 'counters');
    if (!Array.isArray(rows)) return { holds: false, seen: `${rows}` };
    const row = rows.find((one) => fieldOf(one, 'name') === counter);
    // What has not happened yet has no row.
    const value = row === undefined ? 0 : fieldOf(row, 'value');
    return { holds: is.test(value), seen: `${counter} ${valueText(value)}` };
  }

  private async device({ device, is }: Extract<Condition, { kind: 'device' }>): Promise<Verdict> {
    const state = await this.stage.deviceState(device);
    return { holds: is.test(state), seen: `${device} is ${state}` };
  }

  private async carrier({ device, port, is }: Extract<Condition, { kind: 'carrier' }>): Promise<Verdict> {
    const rows = await this.rows(device, 'interfaces');
    if (!Array.isArray(rows)) return { holds: false, seen: `${rows}` };
    const row = rows.find((one) => fieldOf(one, 'name') === port);
    const state = fieldOf(row, 'carrier') === true ? 'up' : 'down';
    return { holds: is.test(state), seen: `${device}:${port} is ${state}` };
  }

  /** A device that is dead or paused has no table: nothing of it holds, and it is said why. */
  private async rows(on: string, table: Parameters<Stage['rows']>[1]): Promise<readonly object[] | string> {
    const state = await this.stage.deviceState(on);
    if (state !== 'running') return `${on} is ${state}`;
    try {
      return await this.stage.rows(on, table);
    } catch (error) {
      // It has gone meanwhile.
      if (error instanceof CliError && error.exitStatus === 1) return error.message;
      throw error;
    }
  }

  private async result(condition: Extract<Condition, { kind: 'result' }>): Promise<Verdict> {
    const { name, is, sameAs, slower } = condition;
    const result = this.memory.results.get(name);
    if (result === undefined) return { holds: false, seen: `${name} has not ended` };
    const fields = await outcomeFields(result, is);
    const seen: string[] = is.length === 0 ? [] : [fields.seen];
    if (!fields.holds) return fields;
    if (sameAs !== undefined) {
      const verdict = sameParts(result, this.memory.results.get(sameAs), sameAs);
      if (!verdict.holds) return verdict;
      seen.push(verdict.seen);
    }
    if (slower !== undefined) {
      const other = this.memory.results.get(slower.than);
      if (other === undefined) return { holds: false, seen: `${slower.than} has not ended` };
      const by = result.durationMs - other.durationMs;
      const told = `${formatDuration(result.durationMs)} against ${formatDuration(other.durationMs)}`;
      if (!slower.by.test(by)) return { holds: false, seen: told };
      seen.push(told);
    }
    return { holds: true, seen: seen.join(', ') };
  }
}

/** A page or a command against the fields that are expected of it. */
export async function outcomeFields(
  outcome: PageOutcome | CommandOutcome,
  is: readonly FieldMatch[],
): Promise<Verdict> {
  const facts: Readonly<Record<string, unknown>> =
    outcome.kind === 'command'
      ? { status: outcome.status, stdout: outcome.stdout, stderr: outcome.stderr, durationMs: outcome.durationMs }
      : outcome.facts;
  let value: object = facts;
  const isKnown = ({ field }: FieldMatch) => Object.hasOwn(facts, field.split('.')[0]);
  // `error` is a fact that is not there when all is well.
  if (outcome.kind === 'page' && !is.every(isKnown)) value = { ...(await outcome.report()), ...facts };
  const missed = misses(is, value);
  if (missed.length > 0) return { holds: false, seen: `${missesText(missed, value)} (${outcome.text})` };
  const beyond = is.filter((match) => !isKnown(match));
  return { holds: true, seen: [outcome.text, valuesText(beyond, value)].filter(Boolean).join(', ') };
}

function sameParts(
  a: PageOutcome | CommandOutcome,
  b: PageOutcome | CommandOutcome | undefined,
  name: string,
): Verdict {
  if (b === undefined) return { holds: false, seen: `${name} has not ended` };
  const [left, right] = [a, b].map((one) => (one.kind === 'page' ? [...one.parts].sort() : []));
  const differs = left.find((part) => !right.includes(part)) ?? right.find((part) => !left.includes(part));
  if (differs !== undefined) return { holds: false, seen: `not the same as ${name}: ${differs}` };
  if (left.length !== right.length)
    return { holds: false, seen: `not the same as ${name}: ${left.length} parts against ${right.length}` };
  if (left.length === 0) return { holds: false, seen: `of neither, this and ${name}, a part has come` };
  return { holds: true, seen: `the same as ${name}` };
}

function valuesText(fields: readonly FieldMatch[], value: unknown): string {
  return fields.map(({ field }) => `${field} ${valueText(fieldOf(value, field))}`).join(', ');
}

function missesText(missed: readonly FieldMatch[], value: unknown): string {
  return missed.map(({ field }) => `${field} is ${valueText(fieldOf(value, field))}`).join(', ');
}

const ROWS_SHOWN = 3;

function rowsText(rows: readonly object[]): string {
  if (rows.length === 0) return '';
  const more = rows.length > ROWS_SHOWN ? ', …' : '';
  return `: ${rows.slice(0, ROWS_SHOWN).map(valueText).join(', ')}${more}`;
}
