/** What stands for a lab: it says what a test tells it to, at the times of a manual clock, and writes down what it is asked. */
import type { FetchRequest, TableName } from '../../../../devices/control.js';
import { compileFilter, isFilterError } from '../../../../devices/stack/wire/filter/filter.js';
import type { Fault, FaultRequest } from '../../../../orchestrator/chaos/fault.js';
import type { FrameWatch } from '../../../../orchestrator/scenario/model.js';
import type { Cable, CommandOutcome, PageOutcome, Stage } from '../../../../orchestrator/scenario/stage.js';
import type { ManualClock } from './manual-clock.js';

/** A page takes so long. */
export const PAGE_MS = 50;
const NEVER = new AbortController().signal;

export class FakeStage implements Stage {
  /** `1000 fetch http://b/ from a`, `1050 chaos link …`. Times since the clock's start. */
  readonly log: string[] = [];
  /** What the pages come to, by turns; the last one stays. Default: all is well. */
  pages: Partial<{ facts: object; ms: number; parts: string[]; away: Error }>[] = [{}];
  commands: Partial<CommandOutcome & { ms: number }>[] = [{}];
  tables = new Map<string, () => readonly object[]>();
  states = new Map<string, string>();
  refusal: Error | undefined;
  readonly clock: ManualClock;
  private readonly beganAt: number;
  private readonly seen = new Map<FrameWatch, number[]>();
  private watches: readonly FrameWatch[] = [];
  private onMatch: (watch: FrameWatch) => void = () => {};
  private faults = 0;

  constructor(clock: ManualClock) {
    this.clock = clock;
    this.beganAt = clock.now();
  }

  get time(): number {
    return this.clock.now() - this.beganAt;
  }

  /** A frame comes by that the filter `text` of the scenario matches. */
  frame(text: string): void {
    for (const watch of this.watches.filter(({ filter }) => filter.text === text)) {
      const times = this.seen.get(watch) ?? [];
      times.push(this.clock.now());
      this.seen.set(watch, times);
      this.onMatch(watch);
    }
  }

  /** Something that happens at its time, whatever the scenario does. */
  later(ms: number, run: () => void): void {
    this.clock.sleep(ms, NEVER).then(run);
  }

  async watch(watches: readonly FrameWatch[], onMatch: (watch: FrameWatch) => void): Promise<void> {
    for (const { filter } of watches) if (isFilterError(compileFilter(filter.text))) throw new Error(filter.text);
    this.watches = watches;
    this.onMatch = onMatch;
  }

  framesSeen(watch: FrameWatch, from: number, to: number): number {
    return (this.seen.get(watch) ?? []).filter((at) => at >= from && at <= to).length;
  }

  async framesSettled(): Promise<void> {}

  async fetch(from: string, request: FetchRequest, signal: AbortSignal): Promise<PageOutcome> {
    this.note(`fetch ${request.url} from ${from}`);
    const { facts = {}, ms = PAGE_MS, parts = ['page 200'], away } = this.next(this.pages);
    await this.clock.sleep(ms, signal);
    if (away !== undefined) throw away;
    return {
      kind: 'page',
      durationMs: ms,
      text: 'a page',
      facts: { ok: true, status: 200, error: undefined, durationMs: ms, ...facts },
      parts,
      report: async () => ({ retransmissions: 3 }),
    };
  }

  async exec(on: string, argv: readonly string[], signal: AbortSignal): Promise<CommandOutcome> {
    this.note(`exec ${argv.join(' | ')} on ${on}`);
    const { ms = 10, status = 0, stdout = '', stderr = '' } = this.next(this.commands);
    await this.clock.sleep(ms, signal);
    return { kind: 'command', durationMs: ms, text: `exit status ${status}`, status, stdout, stderr };
  }

  async rows(on: string, table: TableName): Promise<readonly object[]> {
    return this.tables.get(`${on} ${table}`)?.() ?? [];
  }

  async deviceState(device: string): Promise<string> {
    return this.states.get(device) ?? 'running';
  }

  async applyFault(request: FaultRequest): Promise<Fault> {
    this.note(`chaos ${JSON.stringify(request)}`);
    if (this.refusal !== undefined) throw this.refusal;
    this.faults += 1;
    return { id: `fault-${this.faults}`, request, title: '', target: '', since: 0 };
  }

  async endFault(id: string): Promise<void> {
    this.note(`end ${id}`);
  }

  async clearFaults(): Promise<void> {
    this.note('clear');
  }

  async plug(a: string, b: string): Promise<Cable> {
    this.note(`plug ${a} -- ${b}`);
    return { name: `${a}:9 -- ${b}:9`, unplug: async () => this.note('unplug') };
  }

  private note(text: string): void {
    this.log.push(`${this.time} ${text}`);
  }

  private next<T>(list: T[]): T {
    return (list.length > 1 ? list.shift() : list[0]) as T;
  }
}
