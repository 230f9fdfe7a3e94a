/**
 * The DNS of a home router: a cache in front of the servers of the provider. It asks them under ids and ports of its
 * own, so that many clients can ask at once, and answers each under the client's id. Of several servers it asks the
 * fastest, and one that does not answer last, as BIND does with its forwarders.
 */
import type { DnsCacheRow } from '../../control/tables.js';
import { type CacheFinding, DnsCache } from '../../net/dns-cache.js';
import { DnsExchange } from '../../net/dns-exchange.js';
import { findingOf, rememberAnswer } from '../../net/dns-finding.js';
import { askCache } from '../../net/dns-trace.js';
import type { Network } from '../../net/network.js';
import { RecentFailures } from '../../net/recent-failures.js';
import { SharedQuestions } from '../../net/shared-questions.js';
import type { Tracer } from '../../stack/trace.js';
import { type DnsMessage, type DnsQuestion, dnsResponse, RCODE_SERVFAIL } from '../../stack/wire/dns.js';
import { canonicalName } from '../../stack/wire/dns-name.js';
import { EDE_CACHED_ERROR, EDE_NO_REACHABLE_AUTHORITY, ednsOption } from '../../stack/wire/edns.js';
import type { Environment } from '../machine.js';
import { type AnswerSections, anyFromElsewhere, REFUSED, SERVER_FAILURE, withError } from './authority.js';
import { DnsListener } from './listener.js';
import { MAX_RUNNING } from './recursion.js';
import { findingSections } from './recursive-role.js';
import { Rotation } from './rotation.js';
import { ServerTimes } from './server-times.js';

export interface ForwarderTiming {
  /** For each question; default 3000 ms, so that two rounds end before a client's second one. */
  readonly timeoutMs?: number;
  /** Rounds through the servers; default 2. */
  readonly attempts?: number;
}

/** The provider's server is often asked again soon. */
const KEEP_TCP_MS = 2_000;
/** For each question: two rounds end before a client's second one. */
export const FORWARDER_TIMEOUT_MS = 3_000;

export class DnsForwarder {
  private readonly cache: DnsCache;
  private readonly exchange: DnsExchange;
  private readonly tracer: Tracer;
  private readonly rotation = new Rotation();
  private readonly listener: DnsListener;
  private readonly timeoutMs: number;
  private readonly attempts: number;
  private readonly servers: readonly string[];
  private readonly times: ServerTimes;
  private readonly failed: RecentFailures;
  private readonly running = new SharedQuestions<CacheFinding | AnswerSections>();

  /** `servers`: dotted addresses, asked in this order until one proves to be faster. */
  constructor(
    network: Network,
    config: { readonly servers: readonly string[] },
    environment: Pick<Environment, 'random' | 'tracer' | 'log'>,
    timing: ForwarderTiming = {},
  ) {
    this.servers = config.servers;
    this.tracer = environment.tracer;
    this.timeoutMs = timing.timeoutMs ?? FORWARDER_TIMEOUT_MS;
    this.attempts = timing.attempts ?? 2;
    this.times = new ServerTimes(() => network.now());
    this.failed = new RecentFailures(() => network.now());
    this.cache = new DnsCache({ cache: 'router', now: () => network.now() });
    const random = environment.random.fork('dns-forwarder');
    this.exchange = new DnsExchange(network, {
      random,
      tracer: environment.tracer,
      program: 'dns-forwarder',
      mixedCase: true,
      keepTcpMs: KEEP_TCP_MS,
    });
    this.listener = new DnsListener(network, (query) => this.answer(query), {
      program: 'dns-forwarder',
      log: environment.log,
      random: environment.random,
      identity: network.stack.name,
    });
  }

  start(): void {
    this.listener.start();
  }

  stop(): Promise<void> {
    return this.listener.stop();
  }

  /** For `inspect`. */
  rows(): DnsCacheRow[] {
    return this.cache.rows();
  }

  private async answer(query: DnsMessage): Promise<DnsMessage> {
    const [question] = query.questions;
    // The mixed case of a client's question is not carried on.
    const plain = { ...question, name: canonicalName(question.name) };
    const sections = await this.sectionsFor(plain, query.recursionDesired);
    return dnsResponse(query, { recursionAvailable: true, ...sections });
  }

  private async sectionsFor(question: DnsQuestion, recursionDesired: boolean): Promise<AnswerSections> {
    if (question.type === 'ANY') return anyFromElsewhere(question.name);
    const cached = askCache(this.cache, question.name, question.type, this.tracer);
    // It has nothing but its cache, and nobody to refer to, for who does not want it to ask others.
    if (cached === undefined && !recursionDesired) return REFUSED;
    const found = cached ?? (await this.forward(question));
    return 'kind' in found ? findingSections(found, this.rotation.turn(found.records)) : found;
  }

  private forward(question: DnsQuestion): Promise<CacheFinding | AnswerSections> {
    // The limit is for new work: who asks what is under way already causes none.
    return this.running.ask(question.name, question.type, () =>
      this.running.size >= MAX_RUNNING ? Promise.resolve(SERVER_FAILURE) : this.askServers(question),
    );
  }

  /** The first good answer; else what the last server to answer complained of. */
  private async askServers({ name, type }: DnsQuestion): Promise<CacheFinding | AnswerSections> {
    if (this.failed.has(name, type)) return withError(SERVER_FAILURE, { infoCode: EDE_CACHED_ERROR, text: '' });
    let complaint = withError(SERVER_FAILURE, { infoCode: EDE_NO_REACHABLE_AUTHORITY, text: 'no server answers' });
    const ask = { name, type, recursionDesired: true, timeoutMs: this.timeoutMs };
    const found = await this.exchange.askInTurn(
      this.times.order(this.servers),
      ask,
      this.attempts,
      ({ message, server, ms }) => {
        this.times.answered(server, ms);
        complaint = complaintOf(message);
        return findingOf(message, name, type);
      },
      ({ server }) => this.times.silent(server),
    );
    if (found === undefined) {
      this.failed.add(name, type);
      return complaint;
    }
    this.failed.delete(name, type);
    return rememberAnswer(this.cache, found, name, type);
  }
}

/** What a server said when it had no answer, and why (RFC 8914). */
function complaintOf(message: DnsMessage): AnswerSections {
  const sections = { ...SERVER_FAILURE, rcode: message.rcode === 0 ? RCODE_SERVFAIL : message.rcode };
  const error = ednsOption(message, 'extended-error');
  return error === undefined ? sections : withError(sections, error);
}
