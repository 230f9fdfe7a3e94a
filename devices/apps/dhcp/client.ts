/**
 * DHCP (RFC 2131), the two programs; messages to bytes and back is stack/wire/dhcp.ts. `client*.ts`, `lease.ts` and
 * `configurator.ts` get an address and put it on an interface; `server.ts`, `leases.ts` and `answers.ts` give them out.
 *
 * This file: a client on one interface: the state machine of RFC 2131 figure 5.
 *
 * ```
 *          DISCOVER            OFFER / REQUEST             ACK
 *   INIT ───────────► SELECTING ─────────────► REQUESTING ─────► BOUND ◄──────────────┐
 *    ▲                                              │              │ T1 / REQUEST     │ ACK
 *    │ NAK, no answer                               │              ▼                  │
 *    ├──────────────────────────────────────────────┘          RENEWING ──────────────┤
 *    │                                                             │ T2 / broadcast   │
 *    │ NAK, lease over                                             ▼                  │
 *    └──────────────────────────────────────────────────────── REBINDING ─────────────┘
 * ```
 */
import type { DhcpRow } from '../../control/tables.js';
import type { Network } from '../../net/network.js';
import type { Instant } from '../../stack/clock.js';
import type { Nic } from '../../stack/link/nic.js';
import type { Random } from '../../stack/random.js';
import type { Tracer } from '../../stack/trace.js';
import { formatIpv4, formatMac, type Ipv4Address, LIMITED_BROADCAST } from '../../stack/wire/address.js';
import { DHCPACK, DHCPNAK, DHCPOFFER, type DhcpMessage, dhcpTypeName } from '../../stack/wire/dhcp.js';
import { INFINITE_LEASE } from '../../stack/wire/dhcp-options.js';
import type { Logger } from '../machine.js';
import { ClientMessages } from './client-messages.js';
import { ClientNews, type DhcpClientState, type DhcpWatcher } from './client-news.js';
import { ClientTimers } from './client-timers.js';
import { Configurator } from './configurator.js';
import { type ClientLease, readLease } from './lease.js';

export interface DhcpClientOptions {
  readonly random: Random;
  readonly log: Logger;
  readonly tracer: Tracer;
  /** Told to the server; empty: none. */
  readonly hostName: string;
  /** The interface has its address; also after a renewal that brought other values. Set the resolver from it. */
  onConfigured(lease: ClientLease): void;
  /** The address was lost: expired, refused or released. */
  onUnconfigured?(): void;
}

/** RFC 2131 section 4.1: 4 s before the first retransmission, doubled each time up to 64 s, each ± 1 s. */
const FIRST_RETRANSMIT_MS = 4000;
const LAST_RETRANSMIT_MS = 64_000;
/** Section 3.1 (5): four retransmissions of a REQUEST, then all over again. */
const MAX_REQUESTS = 5;
/** Section 4.4.5: while renewing, half of the time that is left, but at least this. */
const MIN_RENEW_RETRANSMIT_MS = 60_000;
/** Section 3.1 (5): after a DECLINE. */
const DECLINE_WAIT_MS = 10_000;
/** One ARP probe. Long enough for the links of a lab; RFC 5227's seven seconds would hold up every start. */
const PROBE_WAIT_MS = 250;
/** For the ARP answer that a RELEASE may have to wait for, before the address goes. */
const RELEASE_WAIT_MS = 1000;

export class DhcpClient {
  readonly nic: Nic;
  private readonly network: Network;
  private readonly options: DhcpClientOptions;
  private readonly random: Random;
  private readonly messages: ClientMessages;
  private readonly configurator: Configurator;
  private readonly timers: ClientTimers;
  private readonly news: ClientNews;
  private current: DhcpClientState = 'INIT';
  private held: ClientLease | undefined;
  private offer: ClientLease | undefined;
  private requestedAt: Instant = 0;
  /** Messages sent in this state. */
  private attempts = 0;
  /** NAKs and DECLINEs since an address was last ours. */
  private refusals = 0;
  private finishStopping: (() => void) | undefined;

  constructor(network: Network, nic: Nic, options: DhcpClientOptions) {
    this.network = network;
    this.nic = nic;
    this.options = options;
    this.random = options.random.fork(`dhcp-client ${nic.name}`);
    this.messages = new ClientMessages(network, nic, options.hostName, this.random.fork('transactions'));
    this.configurator = new Configurator(network.stack, nic);
    this.timers = new ClientTimers(network);
    this.news = new ClientNews(nic.name, options.log, options.tracer, () => this.current);
  }

  /** Told of every message and every new address. */
  get watchers(): Set<DhcpWatcher> {
    return this.news.watchers;
  }

  get state(): DhcpClientState {
    return this.current;
  }

  /** The address in use; undefined while there is none. */
  get lease(): ClientLease | undefined {
    return this.held;
  }

  get configured(): boolean {
    return this.held !== undefined;
  }

  /** Asks for an address; nothing happens when it is on its way already. Throws EADDRINUSE when port 68 is taken. */
  start(): void {
    if (this.finishStopping !== undefined) this.network.perform(this.finishStopping);
    if (this.messages.isOpen) return;
    this.network.perform(() => {
      this.messages.open((message) => this.receive(message));
      this.refusals = 0;
      // Section 4.4.1's random start of 1 … 10 s is left out, as today's clients do: labs are small.
      this.begin();
    });
  }

  /** Asks for the address again before its time; starts when there is none. */
  renew(): void {
    if (this.held === undefined) this.start();
    else this.network.perform(() => this.extend('RENEWING'));
  }

  /**
   * Gives the address back (section 4.4.6) and ends. Resolves when the address is removed: at once, or a second
   * later when the server's MAC address has to be asked for first.
   */
  stop(): Promise<void> {
    if (!this.messages.isOpen || this.finishStopping !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        this.finishStopping = undefined;
        this.clearTimers();
        this.messages.close();
        this.dropLease();
        this.enter('INIT');
        resolve();
      };
      this.network.perform(() => {
        this.clearTimers();
        const { held } = this;
        if (held === undefined) {
          finish();
          return;
        }
        this.news.sends('DHCPRELEASE', held.address, held.server);
        this.messages.release(held);
        this.finishStopping = finish;
        if (this.isReachable(held.server)) finish();
        else this.timers.wait(RELEASE_WAIT_MS, finish);
      });
    });
  }

  row(): DhcpRow {
    const { held } = this;
    const leftMs = held === undefined ? 0 : Math.max(0, held.expiresAt - this.network.now());
    return {
      role: 'client',
      interface: this.nic.name,
      address: held === undefined ? '' : formatIpv4(held.address),
      mac: formatMac(this.nic.mac),
      state: this.current,
      server: held === undefined ? '' : formatIpv4(held.server),
      leaseSeconds: Math.min(INFINITE_LEASE, Math.ceil(leftMs / 1000)),
      hostName: this.options.hostName,
    };
  }

  /** INIT → SELECTING */
  private begin(): void {
    this.clearTimers();
    this.offer = undefined;
    this.attempts = 0;
    this.messages.beginTransaction();
    this.enter('SELECTING');
    this.discover();
  }

  private discover(): void {
    const waitMs = this.backoff();
    this.news.discovers(waitMs);
    this.messages.discover();
    this.timers.wait(waitMs, () => this.discover());
  }

  private request(offer: ClientLease): void {
    if (this.attempts >= MAX_REQUESTS) {
      this.begin();
      return;
    }
    // A lease runs from the first REQUEST on: an ACK may answer any of them.
    if (this.attempts === 0) this.requestedAt = this.now;
    const waitMs = this.backoff();
    this.news.sends('DHCPREQUEST', offer.address, LIMITED_BROADCAST);
    this.messages.request(offer);
    this.timers.wait(waitMs, () => this.request(offer));
  }

  /** BOUND → RENEWING at T1, → REBINDING at T2. */
  private extend(state: 'RENEWING' | 'REBINDING'): void {
    const { held } = this;
    if (held === undefined) return;
    if (this.current !== state) {
      this.enter(state);
      this.messages.beginTransaction();
      this.requestedAt = this.now;
    }
    const to = state === 'RENEWING' ? held.server : LIMITED_BROADCAST;
    this.news.sends('DHCPREQUEST', held.address, to);
    this.messages.extend(held, to);
    const deadline = state === 'RENEWING' ? held.rebindAt : held.expiresAt;
    const waitMs = Math.max(MIN_RENEW_RETRANSMIT_MS, (deadline - this.now) / 2);
    if (waitMs !== Number.POSITIVE_INFINITY) this.timers.wait(waitMs, () => this.extend(state));
  }

  private receive(message: DhcpMessage): void {
    if (this.finishStopping !== undefined) return;
    if (message.type === DHCPOFFER && this.current === 'SELECTING') this.offered(message);
    else if (message.type === DHCPACK && this.isAsking) this.acknowledged(message);
    else if (message.type === DHCPNAK && this.isAsking) this.refused(message);
    else this.messages.count('unexpected');
  }

  /** Takes the first usable offer. Section 4.4.1 lets the client choose. */
  private offered(message: DhcpMessage): void {
    const offer = readLease(message, this.now);
    if (typeof offer === 'string') {
      this.unusable(message, offer);
      return;
    }
    this.news.gets('DHCPOFFER', offer);
    this.offer = offer;
    this.attempts = 0;
    this.enter('REQUESTING');
    this.request(offer);
  }

  private acknowledged(message: DhcpMessage): void {
    const lease = readLease(message, this.requestedAt, this.held?.server);
    if (typeof lease === 'string') this.unusable(message, lease);
    else if (!this.isExpectedServer(lease.server)) this.messages.count('wrongServer');
    else {
      this.news.gets('DHCPACK', lease);
      if (this.held?.address === lease.address) this.bind(lease);
      else this.probe(lease);
    }
  }

  private refused(message: DhcpMessage): void {
    const server = message.options.serverIdentifier;
    if (server === undefined) this.unusable(message, 'no server identifier');
    else if (!this.isExpectedServer(server)) this.messages.count('wrongServer');
    else {
      this.news.refused(server);
      this.refusals += 1;
      // Two machines that never agree must not fill the link.
      const waitMs = Math.min(LAST_RETRANSMIT_MS, FIRST_RETRANSMIT_MS * 2 ** (this.refusals - 2));
      this.startOver(this.refusals === 1 ? 0 : waitMs);
    }
  }

  /** Section 4.4.1: the client should check that nobody uses the address before it does. */
  private probe(lease: ClientLease): void {
    const { neighbors } = this.network.stack;
    this.offer = lease;
    neighbors.probe(this.nic, lease.address, (mac) => this.decline(lease, formatMac(mac)));
    this.timers.wait(PROBE_WAIT_MS, () => {
      neighbors.stopProbing(this.nic, lease.address);
      this.bind(lease);
    });
  }

  private decline(lease: ClientLease, mac: string): void {
    this.options.log.warn({ interface: this.nic.name, address: formatIpv4(lease.address), mac }, 'address is in use');
    this.news.sends('DHCPDECLINE', lease.address, LIMITED_BROADCAST);
    this.messages.decline(lease);
    this.refusals += 1;
    this.startOver(DECLINE_WAIT_MS);
  }

  private bind(lease: ClientLease): void {
    this.clearTimers();
    this.refusals = 0;
    this.offer = undefined;
    this.held = lease;
    this.configurator.apply(lease);
    this.timers.follow(
      lease,
      () => this.extend('RENEWING'),
      () => this.extend('REBINDING'),
      () => this.expire(),
    );
    this.enter('BOUND');
    this.news.bound(lease.address, lease.renewAt - this.now);
    this.options.onConfigured(lease);
  }

  private expire(): void {
    this.options.log.warn({ interface: this.nic.name }, 'lease expired');
    this.startOver(0);
  }

  private startOver(waitMs: number): void {
    this.clearTimers();
    this.dropLease();
    this.offer = undefined;
    this.enter('INIT');
    if (waitMs === 0) this.begin();
    else this.timers.wait(waitMs, () => this.begin());
  }

  private dropLease(): void {
    if (this.held === undefined) return;
    this.held = undefined;
    this.configurator.remove();
    this.options.onUnconfigured?.();
  }

  /** Whether a packet for the server leaves at once, without waiting for ARP. */
  private isReachable(server: Ipv4Address): boolean {
    const gateway = this.network.stack.ipv4.routeFor(server)?.gateway;
    return this.network.stack.neighbors.lookup(this.nic, gateway ?? server) !== undefined;
  }

  private get isAsking(): boolean {
    return this.current === 'REQUESTING' || this.current === 'RENEWING' || this.current === 'REBINDING';
  }

  private isExpectedServer(server: Ipv4Address): boolean {
    if (this.current === 'REQUESTING') return server === this.offer?.server;
    return this.current === 'REBINDING' || server === this.held?.server;
  }

  private unusable(message: DhcpMessage, reason: string): void {
    this.messages.count('unusable');
    const facts = { interface: this.nic.name, type: dhcpTypeName(message.type) };
    this.options.log.debug(facts, `DHCP answer not usable: ${reason}`);
  }

  private backoff(): number {
    const waitMs = Math.min(LAST_RETRANSMIT_MS, FIRST_RETRANSMIT_MS * 2 ** this.attempts);
    this.attempts += 1;
    return waitMs + (this.random.uniform() * 2 - 1) * 1000;
  }

  private enter(state: DhcpClientState): void {
    if (state === this.current) return;
    this.current = state;
    this.news.entered(state, this.held ?? this.offer);
  }

  private get now(): Instant {
    return this.network.stack.timers.now;
  }

  private clearTimers(): void {
    this.timers.clear();
    if (this.offer !== undefined) this.network.stack.neighbors.stopProbing(this.nic, this.offer.address);
  }
}
