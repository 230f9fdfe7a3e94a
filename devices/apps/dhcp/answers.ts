/** What a DHCP server says (RFC 2131 section 4.3, table 3), and how its answer reaches a client (section 4.1). */
import type { Nic } from '../../stack/link/nic.js';
import type { UdpEndpoint } from '../../stack/transport/udp-endpoint.js';
import {
  ANY_ADDRESS,
  type Cidr,
  directedBroadcast,
  type Ipv4Address,
  LIMITED_BROADCAST,
  prefixMask,
} from '../../stack/wire/address.js';
import {
  BOOTREPLY,
  DHCP_CLIENT_PORT,
  DHCP_SERVER_PORT,
  DHCPNAK,
  DHCPREQUEST,
  type DhcpMessage,
  emitDhcp,
} from '../../stack/wire/dhcp.js';
import { type DhcpOptions, INFINITE_LEASE } from '../../stack/wire/dhcp-options.js';
import { ETHERTYPE_IPV4 } from '../../stack/wire/ethernet.js';
import { DEFAULT_TTL, emitIpv4, PROTOCOL_UDP } from '../../stack/wire/ipv4.js';
import { emitUdp } from '../../stack/wire/udp.js';
import type { ServerSettings } from './settings.js';

/** What every answer tells about the network, INFORM's too. */
export function networkOptions(request: DhcpMessage, subnet: Cidr, settings: ServerSettings): DhcpOptions {
  const { gateway, dnsServers, domain } = settings;
  return {
    ...echoedOptions(request),
    serverIdentifier: subnet.address,
    subnetMask: prefixMask(subnet.prefixLength),
    broadcastAddress: directedBroadcast(subnet),
    ...(gateway === undefined ? {} : { routers: [gateway] }),
    ...(dnsServers.length === 0 ? {} : { dnsServers }),
    ...(domain === undefined ? {} : { domainName: domain }),
  };
}

/** A client may ask for a shorter lease than the configured one, not for a longer one. */
export function leaseOptions(
  request: DhcpMessage,
  subnet: Cidr,
  settings: ServerSettings,
): DhcpOptions & { readonly leaseSeconds: number } {
  const wanted = request.options.leaseSeconds ?? INFINITE_LEASE;
  const leaseSeconds = Math.max(1, Math.min(wanted, settings.leaseSeconds));
  return {
    ...networkOptions(request, subnet, settings),
    leaseSeconds,
    // Section 4.4.5's defaults, said aloud.
    renewalSeconds: Math.floor(leaseSeconds * 0.5),
    rebindingSeconds: Math.floor(leaseSeconds * 0.875),
  };
}

/** A NAK says nothing about the network. */
export function refusalOptions(request: DhcpMessage, subnet: Cidr, message: string): DhcpOptions {
  return { ...echoedOptions(request), serverIdentifier: subnet.address, message };
}

/** RFC 6842 and RFC 3046 section 2.2: both go back as they came. */
function echoedOptions(request: DhcpMessage): DhcpOptions {
  const { clientIdentifier, relayInformation } = request.options;
  return {
    ...(clientIdentifier === undefined ? {} : { clientIdentifier }),
    ...(relayInformation === undefined ? {} : { relayInformation }),
  };
}

/**
 * RFC 2131 section 4.3.2: who names a server has no address yet, and its ciaddr must be 0. VPCS writes the address there
 * all the same that it has been offered, and cannot answer ARP for it.
 */
function isSelecting({ type, options }: DhcpMessage): boolean {
  return type === DHCPREQUEST && options.serverIdentifier !== undefined;
}

export function answerTo(
  request: DhcpMessage,
  type: number,
  yourAddress: Ipv4Address,
  options: DhcpOptions,
): DhcpMessage {
  return {
    op: BOOTREPLY,
    type,
    hops: 0,
    transactionId: request.transactionId,
    seconds: 0,
    broadcast: request.broadcast,
    // A NAK is broadcast: the client's address may be from another network.
    clientAddress: type === DHCPNAK || isSelecting(request) ? ANY_ADDRESS : request.clientAddress,
    yourAddress,
    serverAddress: ANY_ADDRESS,
    relayAddress: ANY_ADDRESS,
    clientMac: request.clientMac,
    options,
  };
}

/**
 * To the client's address when it has one, else by broadcast when it asks for that, else by unicast to the address
 * that it is about to have. It cannot answer ARP for that one yet, so the frame is made here, as Linux's servers do
 * with raw sockets; a broadcast would be allowed instead, but would wake up every host on the link.
 */
export function sendAnswer(answer: DhcpMessage, endpoint: UdpEndpoint, nic: Nic, from: Ipv4Address): void {
  const payload = emitDhcp(answer);
  const { clientAddress, yourAddress } = answer;
  if (clientAddress !== ANY_ADDRESS) {
    endpoint.send(payload, { address: clientAddress, port: DHCP_CLIENT_PORT });
  } else if (answer.broadcast || yourAddress === ANY_ADDRESS) {
    endpoint.send(payload, { address: LIMITED_BROADCAST, port: DHCP_CLIENT_PORT }, { broadcast: true });
  } else {
    const datagram = { srcPort: DHCP_SERVER_PORT, dstPort: DHCP_CLIENT_PORT, payload };
    const packet = emitIpv4({
      src: from,
      dst: yourAddress,
      protocol: PROTOCOL_UDP,
      ttl: DEFAULT_TTL,
      tos: 0,
      // RFC 6864 section 4.1: without fragments it means nothing.
      identification: 0,
      dontFragment: true,
      moreFragments: false,
      fragmentOffset: 0,
      options: new Uint8Array(0),
      payload: emitUdp(datagram, from, yourAddress),
    });
    nic.send(answer.clientMac, ETHERTYPE_IPV4, packet);
  }
}
