/** Tells other servers that a zone has changed (NOTIFY, RFC 1996), until each has heard it or some tries were in vain. */
import { DnsExchange, DnsExchangeError } from '../../net/dns-exchange.js';
import type { Network } from '../../net/network.js';
import { OPCODE_NOTIFY } from '../../stack/wire/dns.js';
import type { Environment } from '../machine.js';
import type { HostedZone } from './hosted-zone.js';

/** RFC 1996 section 3.6 suggests five tries a minute apart; these wait twice as long each time, a minute in all. */
const TRIES = 5;
const FIRST_TRY_MS = 2_000;

export class Notifier {
  private readonly network: Network;
  private readonly hosted: HostedZone;
  private readonly exchange: DnsExchange;
  private readonly log: Environment['log'];
  /** What is being told now; a newer change takes its place. */
  private telling = new AbortController();

  constructor(network: Network, hosted: HostedZone, environment: Pick<Environment, 'random' | 'tracer' | 'log'>) {
    const { random, tracer, log } = environment;
    this.network = network;
    this.hosted = hosted;
    this.log = log;
    this.exchange = new DnsExchange(network, {
      random: random.fork(`notify ${hosted.name}`),
      tracer,
      program: 'name-server',
    });
  }

  /** Once at the start, and after each change. */
  tell(): void {
    this.telling.abort();
    this.telling = new AbortController();
    for (const server of this.hosted.notify) {
      const { signal } = this.telling;
      this.tellOne(server, signal).catch((error) => this.log.error({ err: error, server }, 'NOTIFY failed'));
    }
  }

  stop(): void {
    this.telling.abort();
  }

  private async tellOne(server: string, signal: AbortSignal): Promise<void> {
    const { name, zone } = this.hosted;
    if (zone === undefined) return;
    const content = { opcode: OPCODE_NOTIFY, authoritative: true, answers: [zone.soa] };
    for (let attempt = 0; attempt < TRIES; attempt++) {
      try {
        const timeoutMs = FIRST_TRY_MS * 2 ** attempt;
        await this.exchange.ask(server, { name, type: 'SOA', recursionDesired: false, timeoutMs, content, signal });
        return;
      } catch (error) {
        if (!(error instanceof DnsExchangeError)) throw error;
        if (signal.aborted) return;
        // Nobody listens there yet: a time-out in miniature.
        if (error.code !== 'ETIMEOUT') await this.pause(FIRST_TRY_MS * 2 ** attempt, signal);
        if (signal.aborted) return;
      }
    }
    this.log.warn({ zone: name, server }, 'a server does not hear that a zone has changed');
  }

  private async pause(ms: number, signal: AbortSignal): Promise<void> {
    await this.network.sleep(ms, signal).catch(() => {});
  }
}
