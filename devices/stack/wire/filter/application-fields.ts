/** Fields of DHCP and HTTP; those of DNS are in dns-fields.ts. */

import { readMac } from '../address.js';
import { type DhcpMessage, dhcpTypeName, parseDhcp } from '../dhcp.js';
import type { DhcpOptions } from '../dhcp-options.js';
import { isMalformed } from '../malformed.js';
import { type Field, FieldMaker, type Value } from './field.js';
import { type HttpHead, parseHttpHead } from './http-head.js';
import type { Layer, PacketView } from './packet-view.js';

const dhcp = new FieldMaker('dhcp');
const http = new FieldMaker('http');

/** What the codec makes of the message, once a packet; undefined for one that it refuses. */
function dhcpMessage(view: PacketView, layer: Layer): DhcpMessage | undefined {
  layer.parsed ??= parseDhcp(view.bytes.subarray(layer.at, layer.end));
  return isMalformed(layer.parsed) ? undefined : (layer.parsed as DhcpMessage);
}

function dhcpOption<T>(
  name: string,
  type: Field['type'],
  description: string,
  values: (options: DhcpOptions) => readonly T[] | T | undefined,
): Field {
  return dhcp.read(name, type, description, (view, layer, test) => {
    const options = dhcpMessage(view, layer)?.options;
    const value = options === undefined ? undefined : values(options);
    if (value === undefined) return false;
    return Array.isArray(value) ? value.some(test) : test(value as Value);
  });
}

/** As Wireshark shows them: Discover, Offer, … ACK, NAK. */
const MESSAGE_TYPES = Object.fromEntries(
  [1, 2, 3, 4, 5, 6, 7, 8].map((type) => {
    const name = dhcpTypeName(type);
    return [name === 'ACK' || name === 'NAK' ? name : name[0] + name.slice(1).toLowerCase(), type];
  }),
);

const DHCP_FIELDS: readonly Field[] = [
  dhcp.layer('Dynamic Host Configuration Protocol'),
  dhcp.number('dhcp.type', 'uint8', [0, 1], 'boot request (1) or reply (2)', {
    valueNames: { 'Boot Request': 1, 'Boot Reply': 2 },
  }),
  dhcp.number('dhcp.hops', 'uint8', [3, 1], 'relays passed'),
  dhcp.number('dhcp.id', 'uint32', [4, 4], 'transaction'),
  dhcp.number('dhcp.secs', 'uint16', [8, 2], 'seconds since the client began'),
  dhcp.number('dhcp.flags', 'uint16', [10, 2], 'flags'),
  dhcp.number('dhcp.flags.bc', 'boolean', [10, 2], 'the answer must be broadcast', { mask: 0x8000 }),
  dhcp.number('dhcp.ip.client', 'ipv4', [12, 4], 'the address that the client has'),
  dhcp.number('dhcp.ip.your', 'ipv4', [16, 4], 'the address that the client gets'),
  dhcp.number('dhcp.ip.server', 'ipv4', [20, 4], 'the next server'),
  dhcp.number('dhcp.ip.relay', 'ipv4', [24, 4], 'the relay'),
  dhcp.read('dhcp.hw.mac_addr', 'ether', "the client's MAC address", ({ bytes }, { at, headerEnd }, test) => {
    return at + 34 <= headerEnd && bytes[at + 1] === 1 && bytes[at + 2] === 6 && test(readMac(bytes, at + 28));
  }),
  dhcp.read(
    'dhcp.option.dhcp',
    'uint8',
    'message type: Discover (1), Offer, Request, Decline, ACK (5), NAK, Release, Inform',
    (view, layer, test) => {
      const message = dhcpMessage(view, layer);
      return message !== undefined && test(message.type);
    },
    MESSAGE_TYPES,
  ),
  dhcpOption('dhcp.option.subnet_mask', 'ipv4', 'subnet mask', (options) => options.subnetMask),
  dhcpOption('dhcp.option.router', 'ipv4', 'routers', (options) => options.routers),
  dhcpOption('dhcp.option.domain_name_server', 'ipv4', 'name servers', (options) => options.dnsServers),
  dhcpOption('dhcp.option.hostname', 'string', "the client's name", (options) => options.hostName),
  dhcpOption('dhcp.option.domain_name', 'string', 'domain', (options) => options.domainName),
  dhcpOption('dhcp.option.broadcast_address', 'ipv4', 'broadcast address', (options) => options.broadcastAddress),
  dhcpOption(
    'dhcp.option.requested_ip_address',
    'ipv4',
    'the address asked for',
    (options) => options.requestedAddress,
  ),
  dhcpOption('dhcp.option.ip_address_lease_time', 'uint32', 'lease, seconds', (options) => options.leaseSeconds),
  dhcpOption('dhcp.option.dhcp_server_id', 'ipv4', 'the server', (options) => options.serverIdentifier),
  dhcpOption(
    'dhcp.option.request_list_item',
    'uint8',
    'codes of the options asked for',
    (options) => options.parameterRequestList,
  ),
  dhcpOption('dhcp.option.message', 'string', 'why, for people', (options) => options.message),
  dhcpOption(
    'dhcp.option.renewal_time_value',
    'uint32',
    'renewal time T1, seconds',
    (options) => options.renewalSeconds,
  ),
  dhcpOption(
    'dhcp.option.rebinding_time_value',
    'uint32',
    'rebinding time T2, seconds',
    (options) => options.rebindingSeconds,
  ),
];

function httpHead(view: PacketView, layer: Layer): HttpHead {
  layer.parsed ??= parseHttpHead(view.bytes.subarray(layer.at, layer.end));
  return layer.parsed as HttpHead;
}

function httpPart(
  name: string,
  type: Field['type'],
  description: string,
  read: (head: HttpHead) => Value | undefined,
): Field {
  return http.read(name, type, description, (view, layer, test) => {
    const value = read(httpHead(view, layer));
    return value !== undefined && test(value);
  });
}

function httpHeader(name: string, header: string): Field {
  return http.read(name, 'string', `the header ${header}`, (view, layer, test) =>
    httpHead(view, layer).headers.some((line) => line.name === header.toLowerCase() && test(line.value)),
  );
}

const HTTP_FIELDS: readonly Field[] = [
  http.layer('HTTP/1, in the segment that begins a message'),
  httpPart('http.request', 'boolean', 'it is a request', ({ request }) => (request === undefined ? undefined : 1)),
  httpPart('http.request.method', 'string', 'method', ({ request }) => request?.method),
  httpPart('http.request.uri', 'string', 'what is asked for; only in requests', ({ request }) => request?.uri),
  httpPart('http.request.version', 'string', 'version of a request', ({ request }) => request?.version),
  httpPart('http.response', 'boolean', 'it is a response', ({ response }) => (response === undefined ? undefined : 1)),
  httpPart('http.response.code', 'uint16', 'status', ({ response }) => response?.code),
  httpPart('http.response.phrase', 'string', 'status in words', ({ response }) => response?.phrase || undefined),
  httpPart('http.response.version', 'string', 'version of a response', ({ response }) => response?.version),
  httpHeader('http.host', 'Host'),
  httpHeader('http.user_agent', 'User-Agent'),
  httpHeader('http.accept', 'Accept'),
  httpHeader('http.accept_encoding', 'Accept-Encoding'),
  httpHeader('http.accept_language', 'Accept-Language'),
  httpHeader('http.authorization', 'Authorization'),
  httpHeader('http.cache_control', 'Cache-Control'),
  httpHeader('http.connection', 'Connection'),
  httpHeader('http.content_encoding', 'Content-Encoding'),
  httpHeader('http.content_length_header', 'Content-Length'),
  httpHeader('http.content_type', 'Content-Type'),
  httpHeader('http.cookie', 'Cookie'),
  httpHeader('http.date', 'Date'),
  httpHeader('http.last_modified', 'Last-Modified'),
  httpHeader('http.location', 'Location'),
  httpHeader('http.referer', 'Referer'),
  httpHeader('http.server', 'Server'),
  httpHeader('http.set_cookie', 'Set-Cookie'),
  httpHeader('http.transfer_encoding', 'Transfer-Encoding'),
];

export const DHCP_AND_HTTP_FIELDS: readonly Field[] = [...DHCP_FIELDS, ...HTTP_FIELDS];
