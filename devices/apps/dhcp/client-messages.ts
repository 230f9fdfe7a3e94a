/**
 * What a DHCP client sends (RFC 2131 section 4.4, table 5) and what it takes for an answer to it. The socket and
 * the transaction number are kept here; when to say what is the state machine's business.
 */

import type { Network } from '../../net/network.js';
import type { CounterOf } from '../../stack/counter-names.js';
import type { StackError } from '../../stack/errors.js';
import type { Nic } from '../../stack/link/nic.js';
import type { Random } from '../../stack/random.js';
import type { UdpEndpoint } from '../../stack/transport/udp-endpoint.js';
import {
  ANY_ADDRESS,
  type Ipv4Address,
  LIMITED_BROADCAST,
  type MacAddress,
  writeMac,
} from '../../stack/wire/address.js';
import {
  BOOTREPLY,
  BOOTREQUEST,
  DHCP_CLIENT_PORT,
  DHCP_SERVER_PORT,
  DHCPDECLINE,
  DHCPDISCOVER,
  DHCPRELEASE,
  DHCPREQUEST,
  type DhcpMessage,
  emitDhcp,
  parseDhcp,
} from '../../stack/wire/dhcp.js';
import { type DhcpOptions, optionCode } from '../../stack/wire/dhcp-options.js';
import { isMalformed } from '../../stack/wire/malformed.js';
import { messageCounter } from './counting.js';
import type { ClientLease } from './lease.js';

const WANTED = (
  [
    'subnetMask',
    'broadcastAddress',
    'routers',
    'domainName',
    'dnsServers',
    'leaseSeconds',
    'renewalSeconds',
    'rebindingSeconds',
  ] as const
).map(optionCode);
/** What an unfragmented Ethernet packet carries. */
const MAXIMUM_MESSAGE_SIZE = 1472;

export class ClientMessages {
  private readonly network: Network;
  private readonly nic: Nic;
  private readonly hostName: string;
  private readonly random: Random;
  private endpoint: UdpEndpoint | undefined;
  private transactionId = 0;
  private startedAt = 0;
  /** `secs`: that of the last DISCOVER is repeated in its REQUEST. */
  private seconds = 0;

  constructor(network: Network, nic: Nic, hostName: string, random: Random) {
    this.network = network;
    this.nic = nic;
    this.hostName = hostName;
    this.random = random;
  }

  get isOpen(): boolean {
    return this.endpoint !== undefined;
  }

  /** Throws EADDRINUSE when port 68 of the interface is taken. */
  open(onAnswer: (message: DhcpMessage) => void): void {
    const local = { address: ANY_ADDRESS, port: DHCP_CLIENT_PORT, nic: this.nic };
    this.endpoint = this.network.stack.udp.bind({ ...local, program: 'dhcp-client' });
    this.endpoint.onDatagram = (payload) => {
      const message = this.read(payload);
      if (message !== undefined) onAnswer(message);
    };
  }

  close(): void {
    this.endpoint?.close();
    this.endpoint = undefined;
  }

  /** From here on other answers count; `secs` starts at zero. */
  beginTransaction(): void {
    this.transactionId = this.random.uint32();
    this.startedAt = this.network.stack.timers.now;
  }

  discover(): StackError | undefined {
    this.updateSeconds();
    return this.send(DHCPDISCOVER, this.asking(), LIMITED_BROADCAST);
  }

  /** SELECTING: takes up an offer. */
  request(offer: ClientLease): StackError | undefined {
    const chosen = { requestedAddress: offer.address, serverIdentifier: offer.server };
    return this.send(DHCPREQUEST, { ...this.asking(), ...chosen }, LIMITED_BROADCAST);
  }

  /** RENEWING (to the server) and REBINDING (to all). */
  extend(lease: ClientLease, to: Ipv4Address): StackError | undefined {
    this.updateSeconds();
    return this.send(DHCPREQUEST, this.asking(), to, lease.address);
  }

  decline(lease: ClientLease): StackError | undefined {
    const about = { requestedAddress: lease.address, serverIdentifier: lease.server, message: 'address is in use' };
    return this.send(DHCPDECLINE, { clientIdentifier: clientIdentifier(this.nic.mac), ...about }, LIMITED_BROADCAST);
  }

  release(lease: ClientLease): StackError | undefined {
    this.beginTransaction();
    const identity = { clientIdentifier: clientIdentifier(this.nic.mac), serverIdentifier: lease.server };
    return this.send(DHCPRELEASE, identity, lease.server, lease.address);
  }

  count(what: CounterOf<'dhcp'>): void {
    this.network.stack.counters.add(`dhcp.${what}`);
  }

  private read(payload: Uint8Array): DhcpMessage | undefined {
    const message = parseDhcp(payload);
    if (isMalformed(message)) this.count('malformed');
    else if (message.op !== BOOTREPLY) this.count('notAReply');
    // The answers to others are broadcast too.
    else if (message.clientMac !== this.nic.mac || message.transactionId !== this.transactionId) this.count('notForUs');
    else {
      this.count(messageCounter(message.type, 'In'));
      return message;
    }
    return undefined;
  }

  private asking(): DhcpOptions {
    return {
      clientIdentifier: clientIdentifier(this.nic.mac),
      ...(this.hostName === '' ? {} : { hostName: this.hostName }),
      maximumMessageSize: MAXIMUM_MESSAGE_SIZE,
      parameterRequestList: WANTED,
    };
  }

  private updateSeconds(): void {
    this.seconds = Math.min(0xffff, Math.floor((this.network.stack.timers.now - this.startedAt) / 1000));
  }

  private send(
    type: number,
    options: DhcpOptions,
    to: Ipv4Address,
    clientAddress: Ipv4Address = ANY_ADDRESS,
  ): StackError | undefined {
    const message: DhcpMessage = {
      op: BOOTREQUEST,
      type,
      hops: 0,
      transactionId: this.transactionId,
      seconds: this.seconds,
      // Without an address the stack takes no unicast: section 4.1 has the BROADCAST bit for this.
      broadcast: type === DHCPDISCOVER || (type === DHCPREQUEST && clientAddress === ANY_ADDRESS),
      clientAddress,
      yourAddress: ANY_ADDRESS,
      serverAddress: ANY_ADDRESS,
      relayAddress: ANY_ADDRESS,
      clientMac: this.nic.mac,
      options,
    };
    this.count(messageCounter(type, 'Out'));
    const server = { address: to, port: DHCP_SERVER_PORT };
    const error = this.endpoint?.send(emitDhcp(message), server, { broadcast: to === LIMITED_BROADCAST });
    if (error !== undefined) this.count('sendFailed');
    return error;
  }
}

/** RFC 2132 section 9.14: hardware type, then the address. */
function clientIdentifier(mac: MacAddress): Uint8Array {
  const bytes = new Uint8Array(7);
  bytes[0] = 1;
  writeMac(bytes, 1, mac);
  return bytes;
}
