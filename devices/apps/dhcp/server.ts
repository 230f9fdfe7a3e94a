/**
 * A DHCP server on one interface of a router (RFC 2131 section 4.3). Its socket is bound to that interface: it
 * neither hears nor answers clients elsewhere. Relayed requests are not served: every served network is attached.
 */

import type { DhcpServerConfig } from '../../control/config.js';
import type { DhcpRow } from '../../control/tables.js';
import type { Network } from '../../net/network.js';
import type { Instant } from '../../stack/clock.js';
import type { CounterOf } from '../../stack/counter-names.js';
import type { Nic } from '../../stack/link/nic.js';
import type { UdpEndpoint } from '../../stack/transport/udp-endpoint.js';
import {
  ANY_ADDRESS,
  type Cidr,
  directedBroadcast,
  formatCidr,
  formatIpv4,
  formatMac,
  type Ipv4Address,
  networkOf,
  prefixMask,
} from '../../stack/wire/address.js';
import { toHex } from '../../stack/wire/bytes.js';
import {
  BOOTREQUEST,
  DHCP_SERVER_PORT,
  DHCPACK,
  DHCPDECLINE,
  DHCPDISCOVER,
  DHCPINFORM,
  DHCPNAK,
  DHCPOFFER,
  DHCPRELEASE,
  DHCPREQUEST,
  type DhcpMessage,
  parseDhcp,
} from '../../stack/wire/dhcp.js';
import { type DhcpOptions, INFINITE_LEASE } from '../../stack/wire/dhcp-options.js';
import { isMalformed } from '../../stack/wire/malformed.js';
import type { Logger } from '../machine.js';
import { answerTo, leaseOptions, networkOptions, refusalOptions, sendAnswer } from './answers.js';
import { messageCounter } from './counting.js';
import { type LeaseClient, LeasePool } from './leases.js';
import { readServerSettings, type ServerSettings } from './settings.js';

/** An offer that nobody takes up is free again after this time. */
export const OFFER_HOLD_MS = 30_000;
/** An address that a client found in use is left alone for this time. */
export const DECLINED_MS = 600_000;

/** One request while it is answered. */
interface Exchange {
  readonly request: DhcpMessage;
  readonly client: LeaseClient;
  /** The server's address and the network that it serves. */
  readonly subnet: Cidr;
}

export class DhcpServer {
  private readonly network: Network;
  private readonly nic: Nic;
  private readonly log: Logger;
  private readonly settings: ServerSettings;
  private readonly pool: LeasePool;
  private endpoint: UdpEndpoint | undefined;

  /** Throws RangeError when the config does not fit: an unknown interface, a bad address, an empty pool. */
  constructor(network: Network, config: DhcpServerConfig, log: Logger) {
    this.network = network;
    this.log = log;
    this.settings = readServerSettings(config);
    const nic = network.stack.nics.find((candidate) => candidate.name === config.interface);
    if (nic === undefined) throw new RangeError(`dhcp server: there is no interface ${config.interface}`);
    this.nic = nic;
    this.pool = new LeasePool({ ...this.settings, isExcluded: (address) => this.isExcluded(address) });
  }

  /**
   * Listens on port 67 of its interface. Throws StackError EADDRINUSE when another server does, RangeError when the
   * pool is not part of the interface's network.
   */
  start(): void {
    if (this.endpoint !== undefined) return;
    const subnet = this.subnet();
    for (const end of [this.settings.from, this.settings.to]) {
      if (subnet === undefined || isInside(subnet, end)) continue;
      throw new RangeError(`dhcp server on ${this.nic.name}: ${formatIpv4(end)} is not in ${formatCidr(subnet)}`);
    }
    const local = { address: ANY_ADDRESS, port: DHCP_SERVER_PORT, nic: this.nic };
    this.endpoint = this.network.perform(() => this.network.stack.udp.bind({ ...local, program: 'dhcp-server' }));
    this.endpoint.onDatagram = (payload) => this.receive(payload);
  }

  /** Closes the socket. The leases stay: a server that starts again knows its clients. */
  stop(): void {
    const { endpoint } = this;
    if (endpoint === undefined) return;
    this.endpoint = undefined;
    this.network.perform(() => endpoint.close());
  }

  /** One row a known address, by address. */
  rows(): DhcpRow[] {
    const now = this.network.now();
    const server = this.subnet();
    return this.pool.all().map((lease) => ({
      role: 'server',
      interface: this.nic.name,
      address: formatIpv4(lease.address),
      mac: formatMac(lease.client.mac),
      state: lease.expiresAt <= now && lease.state !== 'RELEASED' ? 'EXPIRED' : lease.state,
      server: server === undefined ? '' : formatIpv4(server.address),
      leaseSeconds: Math.min(INFINITE_LEASE, Math.max(0, Math.ceil((lease.expiresAt - now) / 1000))),
      hostName: lease.client.hostName,
    }));
  }

  private receive(payload: Uint8Array): void {
    const request = parseDhcp(payload);
    const subnet = this.subnet();
    if (isMalformed(request)) this.count('malformed');
    else if (request.op !== BOOTREQUEST) this.count('notARequest');
    else if (request.relayAddress !== ANY_ADDRESS) this.count('relayed');
    else if (subnet === undefined) this.count('serverWithoutAddress');
    else {
      this.count(messageCounter(request.type, 'In'));
      this.serve({ request, client: clientOf(request), subnet });
    }
  }

  private serve(exchange: Exchange): void {
    const { request, client, subnet } = exchange;
    const server = request.options.serverIdentifier;
    switch (request.type) {
      case DHCPDISCOVER:
        this.discovered(exchange);
        break;
      case DHCPREQUEST:
        if (server === undefined) this.confirm(exchange);
        else if (server === subnet.address) this.selected(exchange);
        else this.passedOver(client);
        break;
      case DHCPDECLINE:
        if (server === subnet.address) this.declined(request, client);
        break;
      case DHCPRELEASE:
        // That it comes from the lease's own client is enough, whatever server it names.
        if (this.pool.release(request.clientAddress, client, this.now)) {
          this.note('released', request.clientAddress, client);
        }
        break;
      case DHCPINFORM:
        this.inform(exchange);
        break;
      default:
        this.count('notARequest');
    }
  }

  /** Section 4.3.1 */
  private discovered(exchange: Exchange): void {
    const { request, client, subnet } = exchange;
    const address = this.pool.choose(client, request.options.requestedAddress, this.now);
    if (address === undefined) {
      this.count('poolExhausted');
      this.log.warn({ interface: this.nic.name, client: formatMac(client.mac) }, 'no free address to offer');
      return;
    }
    const held = this.pool.find(client);
    const bound = held?.state === 'BOUND' && held.address === address && held.expiresAt > this.now;
    // A client that discovers anew while its lease runs keeps it, whatever it decides.
    if (!bound) this.pool.assign(address, client, 'OFFERED', this.now + OFFER_HOLD_MS);
    this.answer(exchange, DHCPOFFER, address, leaseOptions(request, subnet, this.settings));
  }

  /** Section 4.3.2, SELECTING: the client takes our offer. */
  private selected(exchange: Exchange): void {
    const { request, client } = exchange;
    const { requestedAddress } = request.options;
    const lease = this.pool.find(client);
    if (requestedAddress === undefined || lease?.address !== requestedAddress) {
      this.refuse(exchange, 'address was not offered');
    } else if (!this.pool.isFree(requestedAddress, client, this.now)) {
      this.refuse(exchange, 'address is taken');
    } else {
      this.bind(exchange, requestedAddress);
    }
  }

  /** The client takes another server's offer: ours is free again. */
  private passedOver(client: LeaseClient): void {
    const lease = this.pool.find(client);
    if (lease?.state === 'OFFERED') this.pool.release(lease.address, client, this.now);
  }

  /** Section 4.3.2, INIT-REBOOT, RENEWING and REBINDING: the client asks whether it may keep its address. */
  private confirm(exchange: Exchange): void {
    const { request, client, subnet } = exchange;
    const rebooting = request.clientAddress === ANY_ADDRESS;
    const address = rebooting ? request.options.requestedAddress : request.clientAddress;
    const lease = this.pool.find(client);
    if (address === undefined) this.count('malformed');
    else if (!isInside(subnet, address)) this.refuse(exchange, 'wrong network');
    // "If the DHCP server has no record of this client, then it MUST remain silent."
    else if (rebooting && lease === undefined) this.count('unknownClient');
    // A renewal without a record is from before this server's restart: taken over when the address is free.
    else if (lease !== undefined && lease.address !== address) this.refuse(exchange, 'not your address');
    else if (!this.pool.isFree(address, client, this.now)) this.refuse(exchange, 'address is taken');
    else this.bind(exchange, address);
  }

  private declined(request: DhcpMessage, client: LeaseClient): void {
    const { requestedAddress } = request.options;
    if (requestedAddress === undefined) this.count('malformed');
    else if (this.pool.decline(requestedAddress, client, this.now + DECLINED_MS)) {
      this.note('declined', requestedAddress, client);
    }
  }

  /** Section 4.3.5: everything but an address and a lease, straight to the client. */
  private inform(exchange: Exchange): void {
    const { request, subnet } = exchange;
    if (!isInside(subnet, request.clientAddress)) this.count('wrongNetwork');
    else this.answer(exchange, DHCPACK, ANY_ADDRESS, networkOptions(request, subnet, this.settings));
  }

  private bind(exchange: Exchange, address: Ipv4Address): void {
    const { request, client, subnet } = exchange;
    const options = leaseOptions(request, subnet, this.settings);
    const leaseMs = options.leaseSeconds === INFINITE_LEASE ? Number.POSITIVE_INFINITY : options.leaseSeconds * 1000;
    this.pool.assign(address, client, 'BOUND', this.now + leaseMs);
    this.note('leased', address, client);
    this.answer(exchange, DHCPACK, address, options);
  }

  private refuse(exchange: Exchange, reason: string): void {
    const { request, subnet } = exchange;
    this.log.info({ interface: this.nic.name, client: formatMac(request.clientMac) }, `request refused: ${reason}`);
    this.answer(exchange, DHCPNAK, ANY_ADDRESS, refusalOptions(request, subnet, reason));
  }

  private answer(exchange: Exchange, type: number, yourAddress: Ipv4Address, options: DhcpOptions): void {
    if (this.endpoint === undefined) return;
    this.count(messageCounter(type, 'Out'));
    const answer = answerTo(exchange.request, type, yourAddress, options);
    sendAnswer(answer, this.endpoint, this.nic, exchange.subnet.address);
  }

  /** The interface's first address: the server identifier and the network that is served. */
  private subnet(): Cidr | undefined {
    return this.network.stack.ipv4.interfaces.find(({ nic }) => nic === this.nic)?.addresses[0];
  }

  private isExcluded(address: Ipv4Address): boolean {
    const subnet = this.subnet();
    if (address === this.settings.gateway || this.network.stack.ipv4.isLocal(address)) return true;
    if (subnet === undefined || subnet.prefixLength > 30) return false;
    return address === networkOf(subnet) || address === directedBroadcast(subnet);
  }

  private get now(): Instant {
    return this.network.stack.timers.now;
  }

  private count(what: CounterOf<'dhcp'>): void {
    this.network.stack.counters.add(`dhcp.${what}`);
  }

  private note(what: string, address: Ipv4Address, client: LeaseClient): void {
    const facts = { address: formatIpv4(address), client: formatMac(client.mac), hostName: client.hostName };
    this.log.info(facts, `address ${what}`);
  }
}

function clientOf(request: DhcpMessage): LeaseClient {
  const { clientIdentifier, hostName = '' } = request.options;
  const hardware = `01${formatMac(request.clientMac).replaceAll(':', '')}`;
  return {
    key: clientIdentifier === undefined ? hardware : toHex(clientIdentifier),
    mac: request.clientMac,
    // It goes to people's terminals.
    hostName: hostName.replace(/[^\x21-\x7e]/g, '?').slice(0, 63),
  };
}

function isInside(subnet: Cidr, address: Ipv4Address): boolean {
  return (address & prefixMask(subnet.prefixLength)) >>> 0 === networkOf(subnet);
}
