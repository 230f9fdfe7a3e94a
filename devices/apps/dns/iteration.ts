/**
 * The way down (RFC 1034 section 5.3.3): from the closest zone whose servers are known, at first the root, by referrals
 * to the zone that answers. Everything learned is cached for its TTL, so that the next question starts lower.
 */
import { type CacheFinding, type DnsCache, FROM_ANSWER, FROM_AUTHORITY } from '../../net/dns-cache.js';
import { type DnsExchange, DnsExchangeError } from '../../net/dns-exchange.js';
import { addressesIn, findingOf, isUsable, rememberAnswer } from '../../net/dns-finding.js';
import type { Network } from '../../net/network.js';
import { ServerMarks } from '../../net/server-marks.js';
import type { Random } from '../../stack/random.js';
import { type DnsMessage, isReferral, RCODE_REFUSED } from '../../stack/wire/dns.js';
import { canonicalName, isWithin } from '../../stack/wire/dns-name.js';
import { CLASS_IN, type ResourceRecord } from '../../stack/wire/dns-record.js';
import {
  addressesOf,
  closestDelegation,
  type Delegation,
  referredZone,
  takeReferral,
  type ZoneServer,
} from './delegation.js';
import { type MinimisedQuestion, QnameMinimiser } from './qname-minimisation.js';
import { MAX_TARGETS_A_ZONE, type ResolutionBudget } from './resolution-budget.js';
import { ServerTimes } from './server-times.js';

export interface IterationOptions {
  readonly cache: DnsCache;
  readonly root: Delegation;
  readonly exchange: DnsExchange;
  readonly random: Random;
  /** For each question to a server, milliseconds. */
  readonly serverTimeoutMs: number;
  /** The addresses of a name server, found by a resolution of its own. */
  readonly lookUp: (name: string, budget: ResolutionBudget) => Promise<readonly ResourceRecord[]>;
}

/** Why there is no answer: no server of a zone was heard, none said anything of use, or there was too much to do. */
export type Trouble = { readonly trouble: 'unreachable' | 'lame' | 'exhausted'; readonly zone: string };

type Step = { readonly found: CacheFinding } | { readonly delegation: Delegation };

/** Zones and parts of names from the root down. */
const MAX_STEPS = 48;
/** How often the servers of a zone are asked in turn: once about a part of a name and once about all of it, or twice. */
const ROUNDS = 2;
/** BIND's lame-ttl: so long a server that knows nothing of a zone is asked last about it. */
const LAME_MS = 600_000;

export class Iteration {
  private readonly network: Network;
  private readonly options: IterationOptions;
  private readonly times: ServerTimes;
  /** `zone address`. */
  private readonly lame: ServerMarks;

  constructor(network: Network, options: IterationOptions) {
    this.network = network;
    this.options = options;
    this.times = new ServerTimes(() => network.now(), options.random.fork('server-times'));
    this.lame = new ServerMarks(() => network.now(), LAME_MS);
  }

  /** From the closest known zone down to an answer, which may be an alias. */
  async descend(
    name: string,
    type: MinimisedQuestion['type'],
    budget: ResolutionBudget,
  ): Promise<CacheFinding | Trouble> {
    const { cache, root } = this.options;
    let delegation = closestDelegation(cache, root, name, type);
    const minimiser = new QnameMinimiser(name, type, delegation.zone);
    /** A part of the name that is said not to exist: believed when the whole name does not exist either. */
    let cut: { readonly name: string; readonly soa?: ResourceRecord } | undefined;
    /** The servers of the zone have been silent about a part of the name. */
    let silent = false;
    for (let steps = 0; steps < MAX_STEPS; steps++) {
      const question = minimiser.next();
      const rounds: number = question.isWhole && !silent ? ROUNDS : 1;
      const step: Step | Trouble =
        this.knownPart(question) ?? (await this.askZone(delegation, question, budget, rounds));
      if ('delegation' in step) {
        delegation = step.delegation;
        silent = false;
        // RFC 8020 section 2: where something lies below, a name exists.
        cut = undefined;
        minimiser.learned(delegation.zone);
      } else if (question.isWhole) {
        if ('trouble' in step) return step;
        if (step.found.kind === 'nxdomain' && cut?.soa) cache.putNegative('nxdomain', cut.name, type, cut.soa);
        return step.found;
      } else if ('trouble' in step) {
        if (step.trouble === 'exhausted') return step;
        silent = step.trouble === 'unreachable';
        minimiser.giveUp();
      } else if (step.found.kind === 'yxdomain') minimiser.giveUp();
      else if (step.found.kind === 'nxdomain') {
        // RFC 8020: nothing exists below. But servers are about that say so of names that only have others below.
        cut = { name: question.name, soa: step.found.soa };
        minimiser.giveUp();
      } else minimiser.learned(question.name);
    }
    return { trouble: 'exhausted', zone: delegation.zone };
  }

  /** A part of a name about which the cache knows already needs no question. */
  private knownPart({ name, type, isWhole }: MinimisedQuestion): Step | undefined {
    if (isWhole) return undefined;
    const { cache } = this.options;
    const found = cache.get(name, type, FROM_ANSWER) ?? cache.get(name, 'CNAME', FROM_ANSWER);
    return found === undefined || found.kind === 'nxdomain' ? undefined : { found };
  }

  /** The first useful answer of any of the zone's servers. */
  private async askZone(
    delegation: Delegation,
    question: MinimisedQuestion,
    budget: ResolutionBudget,
    rounds: number,
  ): Promise<Step | Trouble> {
    const { zone, servers } = delegation;
    const useless = new Set<string>();
    const unknown = servers.filter((server) => this.knownAddresses(server).length === 0);
    const targets = this.shuffled(unknown.map(({ name }) => name)).slice(0, MAX_TARGETS_A_ZONE);
    for (let round = 0; round < rounds; round++) {
      for await (const address of this.addressesFor(delegation, targets, useless, budget)) {
        const leftMs = budget.deadline - this.network.now();
        if (leftMs <= 0 || !budget.takeQuery()) return { trouble: 'exhausted', zone };
        const message = await this.askServer(address, zone, question, leftMs);
        if (message === undefined) continue;
        const step = this.judge(message, zone, question);
        if (step !== undefined) return step;
        useless.add(address);
        if (isLame(message)) this.lame.add(`${zone} ${address}`);
      }
    }
    return { trouble: useless.size > 0 ? 'lame' : 'unreachable', zone };
  }

  /** Known addresses first, the fastest of them first; then those of `targets`, which have to be looked up. */
  private async *addressesFor(
    { zone, servers }: Delegation,
    targets: readonly string[],
    useless: Set<string>,
    budget: ResolutionBudget,
  ): AsyncGenerator<string> {
    const known = [...new Set(servers.flatMap((server) => this.knownAddresses(server)))];
    const isLame = (address: string) => this.lame.has(`${zone} ${address}`);
    const ordered = this.times.order(known);
    for (const address of [...ordered.filter((one) => !isLame(one)), ...ordered.filter(isLame)]) {
      if (!useless.has(address)) yield address;
    }
    for (const name of targets) {
      const key = canonicalName(name);
      if (useless.has(key)) continue;
      const records = await budget.lookUpTarget(key, () => this.options.lookUp(name, budget));
      const addresses = addressesIn(records ?? []);
      if (addresses.length === 0) useless.add(key);
      for (const address of addresses) if (!useless.has(address)) yield address;
    }
  }

  private knownAddresses(server: ZoneServer): readonly string[] {
    return server.addresses.length > 0 ? server.addresses : addressesOf(this.options.cache, server.name);
  }

  private shuffled(names: readonly string[]): string[] {
    return names
      .map((name) => ({ name, draw: this.options.random.uniform() }))
      .sort((a, b) => a.draw - b.draw)
      .map(({ name }) => name);
  }

  private async askServer(
    address: string,
    zone: string,
    { name, type }: MinimisedQuestion,
    leftMs: number,
  ): Promise<DnsMessage | undefined> {
    const timeoutMs = Math.min(leftMs, this.options.serverTimeoutMs);
    try {
      const ask = { name, type, recursionDesired: false, timeoutMs, zone };
      const { message, ms } = await this.options.exchange.ask(address, ask);
      this.times.answered(address, ms);
      return message;
    } catch (error) {
      if (!(error instanceof DnsExchangeError)) throw error;
      this.times.silent(address);
      return undefined;
    }
  }

  /** What an answer of a server of `zone` is worth; undefined when nothing: a failure, or a lame delegation. */
  private judge(message: DnsMessage, zone: string, { name, type, isWhole }: MinimisedQuestion): Step | undefined {
    if (!isUsable(message)) return undefined;
    const { cache } = this.options;
    const below = referredZone(message, zone, name);
    if (below !== undefined) return { delegation: takeReferral(cache, message, zone, below) };
    if (isReferral(message)) return undefined;
    // Bailiwick: a server is heard on names of its own zone only.
    const trusted = (record: ResourceRecord) => record.class === CLASS_IN && isWithin(record.name, zone);
    const answers = message.answers.filter(trusted);
    const authorities = message.authorities.filter((record) => trusted(record) && isWithin(name, record.name));
    const found = findingOf({ ...message, answers, authorities }, name, type);
    if (found === undefined) return undefined;
    if (found.kind === 'yxdomain') return { found };
    if (found.records.length > 0) {
      // What lies behind an alias is asked of those who are in charge of it.
      const records = cache.put(found.records, message.authoritative ? FROM_AUTHORITY : FROM_ANSWER);
      return { found: { kind: 'answer', records } };
    }
    if (found.kind === 'answer' || (!message.authoritative && found.soa === undefined)) return undefined;
    return { found: isWhole || found.kind === 'nodata' ? rememberAnswer(cache, found, name, type) : found };
  }
}

/** RFC 1912 section 2.8: in charge by delegation, but not by its own account. */
function isLame(message: DnsMessage): boolean {
  return message.rcode === RCODE_REFUSED || (message.rcode === 0 && !message.authoritative);
}
