/**
 * Keeps the copy of a zone fresh (RFC 1034 section 4.3.5): asks its primaries for their serial after REFRESH, or when one
 * says NOTIFY (RFC 1996); copies what is newer; tries again after RETRY; and after EXPIRE without a word lets go of it.
 */
import { DnsExchange, DnsExchangeError } from '../../net/dns-exchange.js';
import type { Network } from '../../net/network.js';
import { type Instant, NEVER, type Timer } from '../../stack/clock.js';
import type { Random } from '../../stack/random.js';
import { RCODE_NOERROR, rcodeName } from '../../stack/wire/dns.js';
import { sameName } from '../../stack/wire/dns-name.js';
import type { Environment } from '../machine.js';
import type { HostedZone } from './hosted-zone.js';
import { applyDifferences } from './journal.js';
import { isNewerSerial } from './serial.js';
import { TRANSFER_BOUNDS, type TransferBounds, transferIn } from './transfer-in.js';
import { type Transfer, TransferError } from './transfer-stream.js';
import { type SoaRecord, Zone } from './zone.js';

/** Of one question for the SOA. */
const QUESTION_MS = 5_000;
/** Without a copy there is no RETRY: twice as long each time, up to a minute. */
const FIRST_RETRY_SECONDS = 1;
const MAX_FIRST_RETRY_SECONDS = 60;
/**
 * An SOA may ask for less or more than is good. BIND's max-refresh-time is four weeks; its min-refresh-time and
 * min-retry-time, 300 s and 500 s, would be long for who looks on.
 */
const MIN_SECONDS = 5;
const MAX_SECONDS = 28 * 86_400;

export class Secondary {
  private readonly hosted: HostedZone;
  private readonly network: Network;
  private readonly random: Random;
  private readonly exchange: DnsExchange;
  private readonly log: Environment['log'];
  private readonly bounds: TransferBounds;
  private refreshTimer: Timer | undefined;
  private expireTimer: Timer | undefined;
  private firstRetrySeconds = FIRST_RETRY_SECONDS;
  private running = false;
  /** The next copy is of the whole zone, though it may be an older one. */
  private whole = false;
  /** Somebody said NOTIFY meanwhile: who is asked first then. */
  private again: string | undefined;
  private readonly stopping = new AbortController();

  constructor(
    network: Network,
    hosted: HostedZone,
    environment: Pick<Environment, 'random' | 'tracer' | 'log'>,
    bounds: TransferBounds = TRANSFER_BOUNDS,
  ) {
    this.network = network;
    this.hosted = hosted;
    this.random = environment.random.fork(`secondary ${hosted.name}`);
    const { tracer } = environment;
    this.exchange = new DnsExchange(network, { random: this.random, tracer, program: 'name-server' });
    this.log = environment.log;
    this.bounds = bounds;
  }

  /** When its primaries are asked next, and when the copy expires; NEVER while that is not known. */
  get refreshAt(): Instant {
    return this.refreshTimer?.at ?? NEVER;
  }

  get expireAt(): Instant {
    return this.expireTimer?.at ?? NEVER;
  }

  start(): void {
    this.refresh();
  }

  stop(): void {
    this.stopping.abort();
    this.refreshTimer?.clear();
    this.expireTimer?.clear();
  }

  /** Asks at once, `first` before the others. */
  refresh(first?: string): void {
    if (this.stopped) return;
    if (this.running) {
      this.again = first ?? this.hosted.primaries[0];
      return;
    }
    this.refreshTimer?.clear();
    this.running = true;
    this.askAll(first).then((heard) => {
      this.running = false;
      const { again } = this;
      this.again = undefined;
      if (this.stopped) return;
      this.schedule(heard);
      if (again !== undefined) this.refresh(again);
    });
  }

  /** Copies the whole zone at once, whatever its serial. */
  retransfer(): void {
    this.whole = true;
    this.refresh();
  }

  /** RFC 1996 section 3.11: a NOTIFY may say the serial, as a hint. Those who are no primaries are not heard. */
  notified(from: string, soa: SoaRecord | undefined): boolean {
    if (!this.hosted.primaries.includes(from)) return false;
    const have = this.hosted.zone?.soa.serial;
    if (soa === undefined || have === undefined || isNewerSerial(soa.serial, have)) this.refresh(from);
    return true;
  }

  private get stopped(): boolean {
    return this.stopping.signal.aborted;
  }

  private schedule(heard: boolean): void {
    const soa = this.hosted.zone?.soa;
    if (soa === undefined) {
      this.refreshIn(this.firstRetrySeconds);
      this.firstRetrySeconds = Math.min(MAX_FIRST_RETRY_SECONDS, 2 * this.firstRetrySeconds);
      return;
    }
    this.firstRetrySeconds = FIRST_RETRY_SECONDS;
    const [refresh, retry] = [bounded(soa.refresh), bounded(soa.retry)];
    this.refreshIn(heard ? refresh : retry);
    if (!heard) return;
    this.expireTimer?.clear();
    // As BIND: not before there was time to ask twice.
    const expire = Math.max(bounded(soa.expire), refresh + retry);
    this.expireTimer = this.network.after(1000 * expire, () => this.expire());
  }

  private refreshIn(seconds: number): void {
    this.refreshTimer = this.network.after(1000 * seconds, () => this.refresh());
  }

  private expire(): void {
    this.log.error({ zone: this.hosted.name }, 'the copy of a zone has expired: no primary was heard of');
    this.hosted.expire();
  }

  /**
   * In turn, until one has something newer, which is copied: one that lags behind hides no other. True when one has the
   * zone, no older than the copy was: an older one is no proof that the copy is still good (RFC 1034 section 4.3.5).
   */
  private async askAll(first: string | undefined): Promise<boolean> {
    const primaries = [...new Set([...(first === undefined ? [] : [first]), ...this.hosted.primaries])];
    let heard = false;
    for (const server of primaries) {
      try {
        const standing = await this.askOne(server);
        if (standing === 'copied') return true;
        if (standing === 'same') heard = true;
      } catch (error) {
        if (this.stopped) return false;
        this.network.stack.counters.add('dns.transferFailed');
        const facts = { zone: this.hosted.name, server, reason: (error as Error).message };
        const isExpected = error instanceof TransferError || error instanceof DnsExchangeError;
        if (isExpected) this.log.warn(facts, 'a zone could not be refreshed');
        else this.log.error({ ...facts, err: error }, 'a zone could not be refreshed');
      }
    }
    return heard;
  }

  /** What the primary has, next to the copy: something newer, copied by now; the same; something older. */
  private async askOne(server: string): Promise<'copied' | 'same' | 'older'> {
    const { hosted } = this;
    const have = hosted.zone?.soa;
    if (have === undefined || this.whole) {
      this.copy(server, await this.transfer(server));
      this.whole = false;
      return 'copied';
    }
    const theirs = await this.serialOf(server);
    if (theirs === have.serial) return 'same';
    if (!isNewerSerial(theirs, have.serial)) {
      this.log.warn({ zone: hosted.name, server, serial: theirs, have: have.serial }, 'a primary has an older zone');
      return 'older';
    }
    await this.copyChanges(server, have);
    return 'copied';
  }

  private async copyChanges(server: string, have: SoaRecord): Promise<void> {
    const { hosted } = this;
    const transfer = await this.transfer(server, have);
    try {
      this.copy(server, transfer);
    } catch (error) {
      // Changes that do not fit the copy: all of the zone instead (RFC 1995 section 4).
      if (!(error instanceof TransferError) || transfer.kind !== 'changes') throw error;
      this.log.warn({ zone: hosted.name, server, reason: error.message }, 'the changes of a zone do not fit');
      this.copy(server, await this.transfer(server));
    }
  }

  /** IXFR falls back to AXFR when the server does not know it or talks nonsense (RFC 1995 section 4). */
  private async transfer(server: string, have?: SoaRecord): Promise<Transfer> {
    const request = { zone: this.hosted.name, server, signal: this.stopping.signal };
    if (have !== undefined) {
      try {
        return await transferIn(this.network, this.random, { ...request, have }, this.bounds);
      } catch (error) {
        if (!(error instanceof TransferError) || this.stopped) throw error;
        this.log.warn({ zone: this.hosted.name, server, reason: error.message }, 'IXFR failed');
      }
    }
    return transferIn(this.network, this.random, request, this.bounds);
  }

  private async serialOf(server: string): Promise<number> {
    const { name } = this.hosted;
    const { signal } = this.stopping;
    const ask = { name, type: 'SOA', recursionDesired: false, timeoutMs: QUESTION_MS, zone: name, signal } as const;
    const { message } = await this.exchange.ask(server, ask);
    if (message.rcode !== RCODE_NOERROR) throw new TransferError(`the answer is ${rcodeName(message.rcode)}`);
    const soa = message.answers.find((record) => record.type === 'SOA' && sameName(record.name, name));
    if (soa?.type !== 'SOA' || !message.authoritative)
      throw new TransferError('the server is not in charge of the zone');
    return soa.serial;
  }

  private copy(server: string, transfer: Transfer): void {
    const { hosted } = this;
    if (this.stopped) return;
    if (transfer.kind === 'current') throw new TransferError('the transfer has nothing newer, other than the SOA said');
    try {
      if (transfer.kind === 'zone') hosted.replace(this.noOlder(Zone.fromRecords(hosted.name, transfer.records)));
      else if (hosted.zone === undefined) throw new Error('the copy has expired meanwhile');
      else hosted.replace(applyDifferences(hosted.zone, transfer.differences), transfer.differences);
    } catch (error) {
      throw new TransferError((error as Error).message);
    }
    this.log.info(
      { zone: hosted.name, server, serial: hosted.zone?.soa.serial, by: transfer.kind },
      'a zone was copied',
    );
  }

  /** Behind one address may be several servers, of which not all have what one of them said (as BIND's xfrin sees to it). */
  private noOlder(zone: Zone): Zone {
    const have = this.hosted.zone?.soa.serial;
    if (have === undefined || this.whole || isNewerSerial(zone.soa.serial, have)) return zone;
    throw new Error(`the transfer has serial ${zone.soa.serial}, and ${have} is here`);
  }
}

function bounded(seconds: number): number {
  return Math.min(MAX_SECONDS, Math.max(MIN_SECONDS, seconds));
}
