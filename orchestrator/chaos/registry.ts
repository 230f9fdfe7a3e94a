/** The faults of a running lab: see {@link Chaos}. */
import { didYouMean } from '../../devices/stack/wire/nearest.js';
import { CliError } from '../errors.js';
import { Cabling } from './cabling.js';
import { Couriers } from './couriers.js';
import { checkDevice, draftDevice, isRemedy, processAction, replaces } from './device-fault.js';
import type { FaultDraft } from './draft.js';
import type {
  Chaos,
  ChaosNews,
  DeviceRequest,
  Fault,
  FaultCount,
  FaultRequest,
  LinkRequest,
  MonkeyRequest,
  PartitionRequest,
  RuleRequest,
} from './fault.js';
import type { ChaosGround } from './ground.js';
import { type Entry, Ledger } from './ledger.js';
import { checkFit, checkLink, draftLink, placeOfLink } from './link-fault.js';
import { planMonkey } from './monkey-plan.js';
import { runMonkey } from './monkey-run.js';
import { cutOf } from './partition.js';
import { parseRequest } from './request-schema.js';
import { checkRule, countsTogether, draftRule, judgesOf } from './rule-fault.js';
import { titleOf } from './titles.js';

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
  private readonly listeners = new Set<(news: ChaosNews) => void>();
  /** Processes that are being ended or started. */
  private readonly acting = new Set<Promise<unknown>>();
  /** What was asked for before one of them, and is done only after it, is undone at once. */
  private clearances = 0;
  private turn: Promise<unknown> = Promise.resolve();

  constructor(ground: ChaosGround) {
    this.ground = ground;
    this.couriers = new Couriers(ground);
  }

  async apply(request: FaultRequest): Promise<Fault> {
    return this.begin(parseRequest(request));
  }

  async end(id: string): Promise<Fault> {
    return this.finish(id, 'ended');
  }

  async clear(): Promise<Fault[]> {
    this.clearances += 1;
    const cleared = await this.inTurn(async () => {
      const entries = [...this.ledger.entries];
      await this.takeBack(entries, 'cleared');
      return entries.map(({ fault }) => fault);
    });
    await Promise.allSettled(this.acting);
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
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
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
    const { fault } = await this.inTurn(() => this.carryOut(request, parent));
    return fault;
  }

  private async carryOut(request: FaultRequest, parent: string | undefined): Promise<Begun> {
    if (parent !== undefined && this.ledger.find(parent) === undefined) {
      throw new CliError(1, `${parent} has ended`);
    }
    switch (request.kind) {
      case 'link':
        return settled(request.state === 'up' ? this.raise(request, parent) : this.impair(request, parent));
      case 'device':
        return this.afflict(request, parent);
      case 'rule':
        return settled(this.rule(request, parent));
      case 'partition':
        return settled(this.partition(request));
      case 'monkey':
        return settled(this.letMonkeyIn(request));
    }
  }

  private async impair(request: LinkRequest, parent: string | undefined): Promise<Fault> {
    checkLink(request);
    const place = placeOfLink(request, await this.cabling(request));
    if (request.impairment !== undefined) {
      checkFit(request.impairment, place.directions, this.ground, (device) => this.ledger.ordersOf(device));
    }
    const id = this.ledger.nextId();
    const holds = request.state === undefined ? {} : { cable: place.cable.name };
    return this.enforce([this.entry(id, request, draftLink(request, place, id), parent, holds)]);
  }

  /** Ends what holds a link. */
  private async raise(request: LinkRequest, parent: string | undefined): Promise<Fault> {
    checkLink(request);
    const { cable, target } = placeOfLink(request, await this.cabling(request));
    const holders = this.ledger.holdersOf(cable.name);
    if (holders.length === 0) throw new CliError(1, `no fault holds ${cable.name} down`);
    await this.takeBack(holders, 'replaced');
    return this.done(request, target, parent);
  }

  private async rule(request: RuleRequest, parent: string | undefined): Promise<Fault> {
    checkRule(request);
    const { at } = request;
    const cabling = await Cabling.of(this.ground, (plan) => at === undefined || plan.hasPlace(at));
    const judges = judgesOf(request, cabling);
    const id = this.ledger.nextId();
    const claims = countsTogether(request, judges.devices) ? this.ground.makeClaims(id) : undefined;
    const draft = draftRule(request, judges, id, claims);
    try {
      return await this.enforce([this.entry(id, request, draft, parent, claims === undefined ? {} : { claims })]);
    } catch (error) {
      if (claims !== undefined) this.ground.removeClaims(claims);
      throw error;
    }
  }

  private async partition(request: PartitionRequest): Promise<Fault> {
    const cabling = await Cabling.of(this.ground, () => false);
    const cut = cutOf(request, cabling);
    const id = this.ledger.nextId();
    const whole = { title: titleOf(request), target: cut.target, orders: new Map() };
    const parts = cut.links.map((link) => {
      const part = this.ledger.nextId();
      const place = placeOfLink(link, cabling);
      return this.entry(part, link, draftLink(link, place, part), id, { cable: place.cable.name });
    });
    return this.enforce([this.entry(id, request, whole, undefined), ...parts]);
  }

  private async letMonkeyIn(request: MonkeyRequest): Promise<Fault> {
    const { devices } = this.ground;
    const id = this.ledger.nextId();
    const seed = request.seed ?? id;
    const plan = planMonkey({ devices, cables: Cabling.planned(this.ground).cables }, { ...request, seed });
    const whole = { title: titleOf(request), target: 'the whole lab', orders: new Map() };
    const entry = this.entry(id, request, whole, undefined);
    const fault = await this.enforce([entry]);
    const expiry = entry.cancel;
    const stop = runMonkey(plan, fault.since, this.ground, (part) => {
      this.begin(part, id).catch((error: Error) => this.failed(part, id, error));
    });
    entry.cancel = () => {
      stop();
      expiry?.();
    };
    return fault;
  }

  private async afflict(request: DeviceRequest, parent: string | undefined): Promise<Begun> {
    checkDevice(request);
    Cabling.planned(this.ground).requireDevice(request.device);
    const { device, action } = request;
    const process = processAction(action);
    const id = isRemedy(action) ? '' : this.ledger.nextId();
    const entry = this.entry(id, request, draftDevice(request, id), parent, process && { process: { device, action } });
    if (process === undefined) return settled(this.enforce([entry]));
    const { clearances } = this;
    const act = async () => {
      await this.ground.act(process, device, id === '' ? parent : id);
      await this.takeBack(this.ledger.holding(device, replaces(process)), 'replaced');
      if (isRemedy(action)) return this.done(request, device, parent);
      const isWanted =
        clearances === this.clearances && (parent === undefined || this.ledger.find(parent) !== undefined);
      if (isWanted) this.enter(entry);
      else await this.revive([device]);
      return entry.fault;
    };
    return { fault: this.track(act()) };
  }

  private entry(
    id: string,
    request: FaultRequest,
    { title, target, orders }: FaultDraft,
    parent: string | undefined,
    holds: Pick<Entry, 'cable' | 'process' | 'claims'> = {},
  ): Entry {
    const since = this.ground.now();
    const { forMs } = request;
    const until = forMs === undefined ? {} : { until: since + forMs };
    return {
      fault: { id, request, title, target, ...(parent !== undefined && { parent }), since, ...until },
      orders,
      ...holds,
    };
  }

  /** All of them or none. */
  private async enforce(entries: readonly Entry[]): Promise<Fault> {
    if (this.ledger.entries.length + entries.length > MOST_FAULTS) {
      throw new CliError(
        1,
        `${MOST_FAULTS} faults at most are in force at a time`,
        'End some: `netarium chaos clear`.',
      );
    }
    await this.couriers.change(this.ledger.ordersWith(entries));
    for (const entry of entries) this.enter(entry);
    return entries[0].fault;
  }

  private enter(entry: Entry): void {
    const { id, request } = entry.fault;
    this.ledger.add(entry);
    if (request.forMs !== undefined) {
      entry.cancel = this.ground.after(request.forMs, () => {
        this.finish(id, 'expired').catch((error: Error) =>
          this.tell({ event: 'failed', fault: entry.fault, message: error.message }),
        );
      });
    }
    this.tell({ event: 'began', fault: entry.fault });
  }

  private async finish(id: string, why: Why): Promise<Fault> {
    const { fault, devices } = await this.inTurn(async () => {
      const entry = this.require(id);
      const entries = [entry, ...this.ledger.partsOf(id)];
      await this.takeBack(entries, why);
      const held = entries.flatMap(({ process }) => (process === undefined ? [] : [process.device]));
      return { fault: entry.fault, devices: held };
    });
    if (fault.request.kind === 'monkey') await Promise.allSettled(this.acting);
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

  /** Of faults in force; their processes are not touched. */
  private async takeBack(entries: readonly Entry[], why: Why): Promise<void> {
    for (const entry of entries) this.ledger.remove(entry);
    const devices = new Set(entries.flatMap(({ orders }) => [...orders.keys()]));
    await this.couriers.withdraw(new Map([...devices].map((device) => [device, this.ledger.ordersOf(device)])));
    for (const { claims, fault } of entries) {
      if (claims !== undefined) this.ground.removeClaims(claims);
      this.tell({ event: 'ended', fault, why });
    }
    await this.takeBackEmpty(entries, why);
  }

  /** A partition all of whose links are up again is none. */
  private async takeBackEmpty(entries: readonly Entry[], why: Why): Promise<void> {
    const parents = new Set(entries.flatMap(({ fault }) => fault.parent ?? []));
    const empty = [...parents].flatMap((id) => {
      const parent = this.ledger.find(id);
      const isOver = parent?.fault.request.kind === 'partition' && this.ledger.partsOf(id).length === 0;
      return isOver ? [parent] : [];
    });
    if (empty.length > 0) await this.takeBack(empty, why);
  }

  /** Lets devices run that no fault holds any more. Rejects with a CliError that names those that did not come back. */
  private async revive(devices: readonly string[]): Promise<void> {
    const results = await Promise.allSettled(
      devices.map(async (device) => {
        const isHeld = this.ledger.holding(device, ['kill', 'stop', 'pause']).length > 0;
        const state = this.ground.state(device);
        if (isHeld || state === 'running' || state === 'starting') return;
        await this.track(this.ground.act(state === 'paused' ? 'resume' : 'start', device));
        await this.couriers.wake(device);
      }),
    );
    const failed = results.flatMap((result) =>
      result.status === 'rejected' ? [(result.reason as Error).message] : [],
    );
    if (failed.length > 0) throw new CliError(1, failed.join('\n'));
  }

  /** What is no fault. */
  private done(request: FaultRequest, target: string, parent: string | undefined): Fault {
    const fault: Fault = {
      id: '',
      request,
      title: titleOf(request),
      target,
      ...(parent !== undefined && { parent }),
      since: this.ground.now(),
    };
    this.tell({ event: 'done', fault });
    return fault;
  }

  private failed(request: FaultRequest, parent: string, { message }: Error): void {
    // Its monkey was told to go while it began.
    if (this.ledger.find(parent) === undefined) return;
    const fault = { id: '', request, title: titleOf(request), target: '', parent, since: this.ground.now() };
    this.tell({ event: 'failed', fault, message });
  }

  private tell(news: ChaosNews): void {
    const { event, fault, why, message } = news;
    const { id, title, target, parent } = fault;
    const what = [title, target].filter(Boolean).join(' on ');
    const head = id === '' ? (parent ?? 'chaos') : id;
    const reason = [why, message].filter(Boolean).join(': ');
    this.ground.log(`${head} ${event}: ${what}${reason === '' ? '' : ` (${reason})`}`, { event, fault: id, parent });
    for (const listener of this.listeners) listener(news);
  }

  private stateOf(device: string): string {
    const state = this.ground.state(device);
    return state === 'running' ? 'not answering' : state;
  }

  private async cabling({ a, b }: LinkRequest): Promise<Cabling> {
    return Cabling.of(this.ground, (plan) => plan.has(a, b));
  }

  private track<T>(work: Promise<T>): Promise<T> {
    const settledWork = work.then(
      () => {},
      () => {},
    );
    this.acting.add(settledWork);
    settledWork.then(() => this.acting.delete(settledWork));
    return work;
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => {});
    return result;
  }
}

/** Awaited within its turn. */
async function settled(work: Promise<Fault>): Promise<Begun> {
  const fault = await work;
  return { fault: Promise.resolve(fault) };
}
