/** The faults of a running lab: see {@link Chaos}. */
import { didYouMean } from '../../devices/stack/wire/nearest.js';
import { CliError } from '../errors.js';
import { Couriers } from './couriers.js';
import { replaces } from './device-fault.js';
import type {
  Chaos,
  ChaosNews,
  DeviceRequest,
  Fault,
  FaultCount,
  FaultRequest,
  LinkRequest,
  MonkeyRequest,
} from './fault.js';
import type { ChaosGround } from './ground.js';
import { type Entry, Ledger } from './ledger.js';
import { runMonkey } from './monkey-run.js';
import { Newsroom } from './newsroom.js';
import { Openings } from './openings.js';
import { parseRequest } from './request-schema.js';
import { Turns } from './turns.js';

type Why = NonNullable<ChaosNews['why']>;

/** Each is looked at for every frame or packet: nobody means more, and a script that never ends one is stopped here. */
export const MOST_FAULTS = 1000;

/** What goes on after a request's turn is over: a device that starts. */
interface Begun {
  readonly fault: Promise<Fault>;
}

export class Registry implements Chaos {
  private readonly ground: ChaosGround;
  private readonly ledger = new Ledger();
  private readonly couriers: Couriers;
  private readonly openings: Openings;
  private readonly newsroom: Newsroom;
  private readonly turns = new Turns();
  /** What was asked for before one of them, and is done only after it, is undone at once. */
  private clearances = 0;

  constructor(ground: ChaosGround) {
    this.ground = ground;
    this.couriers = new Couriers(ground);
    this.openings = new Openings(ground, this.ledger);
    this.newsroom = new Newsroom(ground);
  }

  async apply(request: FaultRequest): Promise<Fault> {
    return this.begin(parseRequest(request));
  }

  async end(id: string): Promise<Fault> {
    return this.finish(id, 'ended');
  }

  async clear(): Promise<Fault[]> {
    this.clearances += 1;
    const cleared = await this.turns.next(async () => {
      const entries = [...this.ledger.entries];
      await this.takeBack(entries, 'cleared');
      return entries.map(({ fault }) => fault);
    });
    await this.turns.quiet();
    await this.revive(this.ground.devices.map(({ name }) => name));
    return cleared;
  }

  list(): Fault[] {
    return this.ledger.entries.map(({ fault, orders }) => {
      const pending = [...orders.keys()].filter((device) => this.couriers.isPending(device));
      const why = pending.map((device) => `${device} is ${this.stateOf(device)}`);
      return { ...fault, ...(why.length > 0 && { pending: why }) };
    });
  }

  async counts(): Promise<FaultCount[]> {
    const counted = new Set(this.ledger.entries.flatMap(({ orders }) => [...orders.keys()]));
    const rows = (await Promise.all([...counted].map((device) => this.ground.rows(device)))).flat();
    return this.ledger.entries
      .filter(({ orders }) => [...orders.values()].some(({ links, rules }) => links.length + rules.length > 0))
      .map(({ fault: { id } }) => {
        const own = rows.filter(({ fault }) => fault === id);
        const sum = (of: 'matched' | 'hit') => own.reduce((total, row) => total + row[of], 0);
        return { id, matched: sum('matched'), hit: sum('hit'), exhausted: own.some(({ exhausted }) => exhausted) };
      });
  }

  listen(listener: (news: ChaosNews) => void): () => void {
    return this.newsroom.listen(listener);
  }

  /** A new process of a device answers, and its programs have not started. */
  async deviceBegins(device: string): Promise<void> {
    await this.couriers.begin(device);
  }

  deviceGone(device: string): void {
    this.couriers.gone(device);
  }

  deviceWakes(device: string): void {
    void this.couriers.wake(device);
  }

  /** The lab ends: nothing is to happen any more. */
  close(): void {
    for (const entry of this.ledger.entries) entry.cancel?.();
    this.couriers.close();
  }

  private async begin(request: FaultRequest, parent?: string): Promise<Fault> {
    const { fault } = await this.turns.next(() => this.carryOut(request, parent));
    return fault;
  }

  private async carryOut(request: FaultRequest, parent: string | undefined): Promise<Begun> {
    if (parent !== undefined && this.ledger.find(parent) === undefined) {
      throw new CliError(1, `${parent} has ended`);
    }
    switch (request.kind) {
      case 'link':
        if (request.state === 'up') return settled(this.raise(request, parent));
        return settled(this.enforce([await this.openings.link(request, parent)]));
      case 'device':
        return this.afflict(request, parent);
      case 'rule':
        return settled(this.enforce([await this.openings.rule(request, parent)]));
      case 'partition':
        return settled(this.enforce(await this.openings.partition(request)));
      case 'monkey':
        return settled(this.letMonkeyIn(request));
    }
  }

  /** Ends what holds a link. */
  private async raise(request: LinkRequest, parent: string | undefined): Promise<Fault> {
    const { cable, target } = await this.openings.placeOf(request);
    const holders = this.ledger.holdersOf(cable.name);
    if (holders.length === 0) throw new CliError(1, `no fault holds ${cable.name} down`);
    const ended = await this.takeBack(holders, 'replaced');
    return this.done(this.openings.note(request, target, parent), ended);
  }

  private async letMonkeyIn(request: MonkeyRequest): Promise<Fault> {
    const { entry, plan } = this.openings.monkey(request);
    const fault = await this.enforce([entry]);
    const expiry = entry.cancel;
    const stop = runMonkey(plan, fault.since, this.ground, (part) => {
      this.begin(part, fault.id).catch((error: Error) => this.failed(part, fault.id, error));
    });
    entry.cancel = () => {
      stop();
      expiry?.();
    };
    return fault;
  }

  private async afflict(request: DeviceRequest, parent: string | undefined): Promise<Begun> {
    const entry = this.openings.device(request, parent);
    const { fault, process } = entry;
    if (process === undefined) return settled(this.enforce([entry]));
    const { device, action } = process;
    const { clearances } = this;
    const act = async () => {
      await this.ground.act(action, device, fault.id === '' ? parent : fault.id);
      const ended = await this.takeBack(this.ledger.holding(device, replaces(action)), 'replaced');
      if (fault.id === '') return this.done(fault, ended);
      const isWanted =
        clearances === this.clearances && (parent === undefined || this.ledger.find(parent) !== undefined);
      if (isWanted) this.enter(entry);
      else await this.bringBack(device);
      return fault;
    };
    return { fault: this.turns.aside(device, act()) };
  }

  /** All of them or none. */
  private async enforce(entries: readonly Entry[]): Promise<Fault> {
    try {
      if (this.ledger.entries.length + entries.length > MOST_FAULTS) {
        const hint = '`netarium chaos clear` ends all.';
        throw new CliError(1, `${MOST_FAULTS} faults at most are in force at a time`, hint);
      }
      await this.couriers.change(this.ledger.ordersWith(entries));
    } catch (error) {
      for (const { claims } of entries) if (claims !== undefined) this.ground.removeClaims(claims);
      throw error;
    }
    for (const entry of entries) this.enter(entry);
    return entries[0].fault;
  }

  private enter(entry: Entry): void {
    const { forMs } = entry.fault.request;
    this.ledger.add(entry);
    if (forMs !== undefined) entry.cancel = this.ground.after(forMs, () => void this.expire(entry.fault));
    this.newsroom.tell({ event: 'began', fault: entry.fault });
  }

  private async expire(fault: Fault): Promise<void> {
    try {
      await this.finish(fault.id, 'expired');
    } catch (error) {
      // One that was ended in the same moment is not there any more; or a device does not come back.
      const isOver = error instanceof CliError && error.exitStatus === 3;
      if (!isOver) this.newsroom.tell({ event: 'failed', fault, message: (error as Error).message });
    }
  }

  private async finish(id: string, why: Why): Promise<Fault> {
    const { fault, devices } = await this.turns.next(async () => {
      const entry = this.require(id);
      const entries = [entry, ...this.ledger.partsOf(id)];
      await this.takeBack(entries, why);
      const held = entries.flatMap(({ process }) => (process === undefined ? [] : [process.device]));
      return { fault: entry.fault, devices: held };
    });
    if (fault.request.kind === 'monkey') await this.turns.quiet();
    await this.revive(devices);
    return fault;
  }

  private require(id: string): Entry {
    const entry = this.ledger.find(id);
    if (entry !== undefined) return entry;
    const ids = this.ledger.entries.map(({ fault }) => fault.id);
    const near = didYouMean(id, ids).trim();
    const all = ids.length === 0 ? 'None is.' : `In force: ${ids.join(', ')}.`;
    throw new CliError(3, `no fault ${id} is in force`, near === '' ? all : near);
  }

  /**
   * Of faults in force; their processes are not touched.
   * @returns the ids of all that have ended
   */
  private async takeBack(entries: readonly Entry[], why: Why): Promise<string[]> {
    for (const entry of entries) this.ledger.remove(entry);
    const devices = new Set(entries.flatMap(({ orders }) => [...orders.keys()]));
    await this.couriers.withdraw(new Map([...devices].map((device) => [device, this.ledger.ordersOf(device)])));
    for (const { claims, fault } of entries) {
      if (claims !== undefined) this.ground.removeClaims(claims);
      this.newsroom.tell({ event: 'ended', fault, why });
    }
    return [...entries.map(({ fault }) => fault.id), ...(await this.takeBackEmpty(entries, why))];
  }

  /** A partition all of whose links are up again is none. */
  private async takeBackEmpty(entries: readonly Entry[], why: Why): Promise<string[]> {
    const parents = new Set(entries.flatMap(({ fault }) => fault.parent ?? []));
    const empty = [...parents].flatMap((id) => {
      const parent = this.ledger.find(id);
      const isOver = parent?.fault.request.kind === 'partition' && this.ledger.partsOf(id).length === 0;
      return isOver ? [parent] : [];
    });
    return empty.length > 0 ? this.takeBack(empty, why) : [];
  }

  /** Lets devices run that no fault holds any more. Rejects with a CliError that names those that did not come back. */
  private async revive(devices: readonly string[]): Promise<void> {
    const results = await Promise.allSettled(
      devices.map(async (device) => {
        // It may be about to be stopped by another fault, or to come back by itself.
        await this.turns.quietAbout(device);
        await this.bringBack(device);
      }),
    );
    const failed = results.flatMap((result) =>
      result.status === 'rejected' ? [(result.reason as Error).message] : [],
    );
    if (failed.length > 0) throw new CliError(1, failed.join('\n'));
  }

  private async bringBack(device: string): Promise<void> {
    const isHeld = this.ledger.holding(device, ['kill', 'stop', 'pause']).length > 0;
    const state = this.ground.state(device);
    if (isHeld || state === 'running' || state === 'starting') return;
    await this.turns.aside(device, this.ground.act(state === 'paused' ? 'resume' : 'start', device));
    await this.couriers.wake(device);
  }

  private done(what: Fault, ended: readonly string[]): Fault {
    const fault = { ...what, ...(ended.length > 0 && { ended }) };
    this.newsroom.tell({ event: 'done', fault });
    return fault;
  }

  private failed(request: FaultRequest, parent: string, { message }: Error): void {
    // Its monkey was told to go while it began.
    if (this.ledger.find(parent) === undefined) return;
    this.newsroom.tell({ event: 'failed', fault: this.openings.note(request, '', parent), message });
  }

  private stateOf(device: string): string {
    const state = this.ground.state(device);
    return state === 'running' ? 'not answering' : state;
  }
}

/** Awaited within its turn. */
async function settled(work: Promise<Fault>): Promise<Begun> {
  const fault = await work;
  return { fault: Promise.resolve(fault) };
}
