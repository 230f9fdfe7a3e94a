/**
 * Recursive resolution: the answer to a client's question, whoever has to be asked for it. `iteration.ts` finds the way
 * down to one name, this file follows aliases from name to name. Whatever other servers say, a resolution ends: by limits
 * of questions, depth and time.
 */
import { type CacheFinding, DnsCache, FROM_ANSWER, MAX_CNAME_CHAIN } from '../../net/dns-cache.js';
import { DnsExchange } from '../../net/dns-exchange.js';
import type { Network } from '../../net/network.js';
import { RecentFailures } from '../../net/recent-failures.js';
import { SharedQuestions } from '../../net/shared-questions.js';
import type { Random } from '../../stack/random.js';
import type { Tracer } from '../../stack/trace.js';
import { absolute, type QuestionType, type ResourceRecord } from '../../stack/wire/dns-record.js';
import {
  EDE_CACHED_ERROR,
  EDE_INVALID_DATA,
  EDE_NO_REACHABLE_AUTHORITY,
  EDE_OTHER,
  type ExtendedError,
} from '../../stack/wire/edns.js';
import { type Delegation, type RootHint, rootDelegation } from './delegation.js';
import { Iteration, type Trouble } from './iteration.js';
import { ResolutionBudget } from './resolution-budget.js';

export interface RecursionTiming {
  /** For each question to a server; default 1000 ms. */
  readonly serverTimeoutMs?: number;
  /** For a whole resolution; default 10,000 ms. */
  readonly totalMs?: number;
}

/** The client is told SERVFAIL, and why (RFC 8914). */
export interface ResolutionFailure {
  readonly kind: 'failure';
  readonly error: ExtendedError;
}

/** Questions that are worked on at the same time; who asks for more is told SERVFAIL. */
export const MAX_RUNNING = 1_000;
/** A server that had to be asked over TCP is often asked again soon. */
const KEEP_TCP_MS = 2_000;
export const CACHED_RECORDS = 10_000;
export const SERVER_TIMEOUT_MS = 1_000;
export const TOTAL_MS = 10_000;

export class Recursion {
  readonly cache: DnsCache;
  readonly root: Delegation;
  private readonly network: Network;
  private readonly iteration: Iteration;
  private readonly totalMs: number;
  private readonly running = new SharedQuestions<CacheFinding | ResolutionFailure>();
  private readonly failed: RecentFailures;
  /** Names of name servers; what limits of one question have cut off is no failure of theirs. */
  private readonly failedLookUps: RecentFailures;

  constructor(
    network: Network,
    hints: readonly RootHint[],
    environment: { readonly random: Random; readonly tracer: Tracer },
    timing: RecursionTiming = {},
  ) {
    this.network = network;
    this.root = rootDelegation(hints);
    this.cache = new DnsCache({ cache: 'isp', now: () => network.now(), limit: CACHED_RECORDS });
    this.failed = new RecentFailures(() => network.now());
    this.failedLookUps = new RecentFailures(() => network.now());
    this.totalMs = timing.totalMs ?? TOTAL_MS;
    const random = environment.random.fork('recursion');
    this.iteration = new Iteration(network, {
      cache: this.cache,
      root: this.root,
      exchange: new DnsExchange(network, {
        random: random.fork('ids'),
        tracer: environment.tracer,
        program: 'name-server',
        mixedCase: true,
        keepTcpMs: KEEP_TCP_MS,
      }),
      random,
      serverTimeoutMs: timing.serverTimeoutMs ?? SERVER_TIMEOUT_MS,
      lookUp: (name, budget) => this.lookUp(name, budget),
    });
  }

  /** Identical questions share one resolution. */
  resolve(name: string, type: QuestionType): Promise<CacheFinding | ResolutionFailure> {
    return this.running.ask(name, type, () => this.start(name, type));
  }

  private async start(name: string, type: QuestionType): Promise<CacheFinding | ResolutionFailure> {
    if (this.failed.has(name, type)) return failure(EDE_CACHED_ERROR, 'failed a moment ago');
    if (this.running.size >= MAX_RUNNING) return failure(EDE_OTHER, 'too many questions');
    const found = await this.chase(name, type, new ResolutionBudget(this.network.now() + this.totalMs));
    if (found.kind === 'failure') this.failed.add(name, type);
    else this.failed.delete(name, type);
    return found;
  }

  /** The addresses of a name server, for a question that leads to it. */
  private async lookUp(name: string, budget: ResolutionBudget): Promise<readonly ResourceRecord[]> {
    if (this.failedLookUps.has(name, 'A')) return [];
    const found = await this.chase(name, 'A', budget);
    if (found.kind !== 'failure') this.failedLookUps.delete(name, 'A');
    else if (found.error.infoCode !== EDE_OTHER) this.failedLookUps.add(name, 'A');
    return found.kind === 'answer' ? found.records : [];
  }

  /** Follows aliases until there is an answer; a chain that is too long or a circle gives none. */
  private async chase(
    name: string,
    type: QuestionType,
    budget: ResolutionBudget,
  ): Promise<CacheFinding | ResolutionFailure> {
    const chain: ResourceRecord[] = [];
    let at = name;
    while (chain.length <= MAX_CNAME_CHAIN) {
      const found = this.known(at, type) ?? (await this.iteration.descend(at, type, budget));
      if ('trouble' in found) return explained(found, at);
      chain.push(...found.records);
      const last = chain.at(-1);
      if (found.kind !== 'answer' || last?.type !== 'CNAME' || type === 'CNAME') return { ...found, records: chain };
      at = last.target;
    }
    return failure(EDE_OTHER, `${absolute(name)} leads to aliases without an end`);
  }

  private known(name: string, type: QuestionType): CacheFinding | undefined {
    return this.cache.get(name, type, FROM_ANSWER) ?? this.cache.get(name, 'CNAME', FROM_ANSWER);
  }
}

function explained({ trouble, zone }: Trouble, name: string): ResolutionFailure {
  switch (trouble) {
    case 'unreachable':
      return failure(EDE_NO_REACHABLE_AUTHORITY, `no server of ${absolute(zone)} answers`);
    case 'lame':
      return failure(EDE_INVALID_DATA, `no server of ${absolute(zone)} knows about ${absolute(name)}`);
    default:
      return failure(EDE_OTHER, `${absolute(name)} takes too many questions or too long`);
  }
}

function failure(infoCode: number, text: string): ResolutionFailure {
  return { kind: 'failure', error: { infoCode, text } };
}
