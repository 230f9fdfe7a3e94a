/** One schema a kind of device, so that a key that makes no sense there is refused with the right list. */
import { z } from 'zod';
import { DEVICE_KINDS, SERVICE_NAMES } from '../../devices/control.js';
import { didYouMean } from '../../devices/stack/wire/nearest.js';
import { permitted, recursion, secondary, zones } from './schema-dns.js';
import {
  addressesOrDevices,
  addressOrDevice,
  authorities,
  duration,
  flag,
  interfaceAddress,
  mac,
  mtu,
  shown,
  subnet,
  text,
} from './schema-fields.js';
import { webServer } from './schema-sites.js';

const expected = (what: string) => ({
  error: (issue: { input?: unknown }) => `${shown(issue.input)} is not ${what}`,
});

const addresses = z.union(
  [interfaceAddress, z.array(interfaceAddress)],
  expected('an address: write 10.0.0.1/24, 10.0.0.1, dhcp, or a list'),
);

const interfaceFile = z.union(
  [
    interfaceAddress,
    z.array(interfaceAddress),
    z.strictObject({
      address: addresses.optional().describe('Its address or addresses; planned when left out.'),
      mac: mac.optional(),
      mtu: mtu.optional(),
    }),
    z.null(),
  ],
  expected('an interface: write an address, a list of addresses, or a map such as {address: 10.0.0.1/24, mtu: 1400}'),
);

const routeFile = z.strictObject({
  via: addressOrDevice.optional().describe('The next hop: an address, or a device that shares a network.'),
  interface: text.optional().describe('Through this interface; for a network that is directly attached to it.'),
  metric: z.int(expected('a metric: write a whole number')).min(0).optional().describe('Lower wins; default 0.'),
});

const routes = z
  .record(
    z.string(),
    z.union([addressOrDevice, routeFile], expected('a route: write the next hop, or a map such as {via: 10.0.0.254}')),
    expected('a map of routes, such as {10.0.0.0/8: 192.168.3.1}'),
  )
  .meta({
    description:
      'Destination subnet (or `default`) and its next hop. Routes between routers are computed; a route that stands ' +
      'here wins over them.',
    examples: [{ '10.0.0.0/8': '192.168.3.1', default: 'gateway' }],
  });

const resolver = z
  .union(
    [
      addressOrDevice,
      z.array(addressOrDevice),
      z.strictObject({
        servers: addressesOrDevices.optional(),
        domain: text.optional().describe('Appended to names without a dot.'),
        hosts: z
          .record(z.string(), addressesOrDevices, expected('a map of names and addresses'))
          .optional()
          .describe('Lines of the hosts file, which is asked before any server.'),
      }),
    ],
    expected('a resolver: write the server, a list of servers, or a map such as {servers: isp-dns, domain: home.lan}'),
  )
  .meta({
    description:
      'Which servers are asked for names. Left out: the DNS forwarder of the network’s router, else the nearest ' +
      'recursive server, else none; without any server the hosts file holds the names of all devices.',
  });

const unknownService = (issue: { input?: unknown }) => {
  const near = typeof issue.input === 'string' ? didYouMean(issue.input, SERVICE_NAMES) : '';
  return `${shown(issue.input)} is not a service. Services are ${SERVICE_NAMES.join(', ')}.${near}`;
};

const service = z.enum(SERVICE_NAMES, { error: unknownService });

const dhcpPool = z.strictObject({
  pool: text.optional().describe('`192.168.1.100-192.168.1.199`; planned when left out.'),
  lease: duration.optional().describe('Default 1h.'),
  gateway: addressOrDevice.optional().describe('Default: this router.'),
  dns: addressesOrDevices.optional().describe('Default: this router’s forwarder, else its own DNS servers.'),
  domain: text.optional().describe('The domain of the network.'),
  reservations: z
    .record(z.string(), text, expected('a map of devices (or MAC addresses) and addresses'))
    .optional()
    .describe('Fixed addresses, by name of the device or by MAC address.'),
});

const dhcpServer = z
  .union(
    [
      z.string(),
      z.array(z.string()),
      z.record(z.string(), z.union([dhcpPool, z.null()], expected('a DHCP pool: write a map such as {lease: 1h}'))),
    ],
    expected('a DHCP server: write the interface that it serves, a list, or a map such as {eth0: {lease: 1h}}'),
  )
  .meta({ description: 'Interfaces on which this router gives out addresses.', examples: ['eth0'] });

const tcp = z
  .strictObject({
    congestionControl: z
      .enum(['cubic', 'reno'], expected('a congestion control: cubic or reno'))
      .optional()
      .describe('How it answers to losses: `cubic` (default, RFC 9438) or `reno` (RFC 5681).'),
    ecn: z
      .enum(['accept', 'request', 'off'], expected('a way of using ECN: accept, request or off'))
      .optional()
      .describe(
        'Explicit congestion notification: when the peer asks (`accept`, default), always asked for, or never.',
      ),
  })
  .meta({ description: 'How its TCP behaves; as Linux when left out.', examples: [{ congestionControl: 'reno' }] });

const anyDevice = {
  description: text.optional().describe('For people; shown by `graph`.'),
};

const ipDevice = {
  ...anyDevice,
  address: addresses.optional().describe('The address of eth0; planned when left out.'),
  interfaces: z
    .record(z.string(), interfaceFile, expected('a map of interfaces, such as {eth0: 10.0.0.1/24}'))
    .optional()
    .describe('Interfaces that need more than to be linked: eth0, eth1, …'),
  routes: routes.optional(),
  gateway: addressOrDevice
    .optional()
    .describe('The default route. Left out: hosts and DNS servers use the router of their first network that has one.'),
  resolver: resolver.optional(),
  tcp: tcp.optional(),
};

const bridge = {
  ...anyDevice,
  ports: z
    .int(expected('a number of ports'))
    .min(1, { error: 'a device needs at least 1 port' })
    .max(1024, { error: 'a device has at most 1024 ports' })
    .optional()
    .describe('How many ports it has, 1 … N; default 48.'),
  subnet: z
    .union([subnet, z.array(subnet)], expected('a subnet, such as 192.168.1.0/24, or a list of them'))
    .optional()
    .describe('The subnet of the network around this device; planned when left out.'),
};

export const host = z
  .strictObject({
    kind: z.literal('host'),
    ...ipDevice,
    ...webServer,
    authorities: authorities.optional(),
    services: z
      .union([service, z.array(service)], { error: unknownService })
      .optional()
      .meta({
        description: 'Small services on their own ports; all but iperf over TCP and UDP.',
        examples: [['echo', 'chargen']],
      }),
  })
  .meta({ description: 'A computer: browser, web server, small services, network tools.' });

export const router = z
  .strictObject({
    kind: z.literal('router'),
    ...ipDevice,
    routing: z
      .enum(['computed', 'manual'], expected('a way of routing: computed or manual'))
      .optional()
      .describe('`computed` (default): shortest paths to every network. `manual`: only what `routes` says.'),
    dhcpServer: dhcpServer.optional(),
    dnsForwarder: z
      .union([flag, addressOrDevice, z.array(addressOrDevice)], expected('a DNS forwarder: write true or the server'))
      .optional()
      .describe('A caching DNS forwarder on port 53; `true` asks this router’s own DNS servers.'),
  })
  .meta({ description: 'Forwards between its interfaces; may serve DHCP and forward DNS.' });

const dnsServer = z
  .strictObject({
    kind: z.literal('dns-server'),
    ...ipDevice,
    zones: zones.optional().describe('The zones that it is authoritative for: `.` is the root.'),
    secondary: secondary
      .optional()
      .describe(
        'Zones that it copies from another server and serves too: of this file by their names, or from elsewhere.',
      ),
    transfer: permitted
      .optional()
      .describe('Who may copy its zones (AXFR, IXFR) besides their secondary servers: addresses, subnets, devices.'),
    update: permitted.optional().describe('Who may change its zones (UPDATE, RFC 2136): addresses, subnets, devices.'),
    notify: permitted
      .optional()
      .describe('Who is told of changes (NOTIFY) besides the secondary servers of its zones: addresses, devices.'),
    recursion: recursion.optional(),
    rootHints: z
      .array(addressOrDevice, expected('a list of addresses or devices'))
      .optional()
      .describe('The root servers; left out: all servers of this file that serve `.`.'),
  })
  .meta({ description: 'Root, top-level, authoritative or recursive name server.' });

const switchDevice = z
  .strictObject({
    kind: z.literal('switch'),
    ...bridge,
    macAge: duration
      .optional()
      .describe('After which a MAC address that was not seen again is forgotten; default 300s.'),
  })
  .meta({ description: 'Learns MAC addresses and forwards frames.' });

export const hub = z
  .strictObject({ kind: z.literal('hub'), ...bridge })
  .meta({ description: 'Repeats every frame to all other ports.' });

export const device = z.union(
  [z.enum(DEVICE_KINDS), z.discriminatedUnion('kind', [host, switchDevice, hub, router, dnsServer])],
  expected('a device: write its kind, or a map such as {kind: host, address: 10.0.0.1/24}'),
);

export type DeviceFile = z.infer<typeof device>;
type HostFile = z.infer<typeof host>;
export type RouterFile = z.infer<typeof router>;
type DnsServerFile = z.infer<typeof dnsServer>;
export type BridgeFile = z.infer<typeof switchDevice> | z.infer<typeof hub>;
export type IpDeviceFile = HostFile | RouterFile | DnsServerFile;
export type InterfaceFile = z.infer<typeof interfaceFile>;
export type DhcpPoolFile = z.infer<typeof dhcpPool>;
export type ResolverFile = z.infer<typeof resolver>;
