/**
 * An internet as small as it can be with every kind in it: a home LAN behind a router that gives addresses, a
 * provider with its DNS server, name servers of three levels in networks of their own, one web server.
 *
 *     client -- home-switch -- home-router -- core -- isp-dns, root, com, server-hub -- ns, www
 */
import { World } from '../../support/world.js';

const host = (name: string, address: string, gateway: string) => ({
  name,
  ports: [{ name: 'eth0', addresses: [`${address}/24`] }],
  routes: [{ destination: '0.0.0.0/0', gateway }],
});

const zone = (name: string, server: string, address: string, more: readonly [string, 'A' | 'NS', string][]) => ({
  name,
  records: [
    { name: '@', type: 'SOA' as const, data: `${server} admin.${server} 1 3600 600 86400 300` },
    { name: '@', type: 'NS' as const, data: server },
    { name: server, type: 'A' as const, data: address },
    ...more.map(([owner, type, data]) => ({ name: owner, type, data })),
  ],
});

const ROOT = { name: 'a.root-servers.net', address: '198.41.0.4' };

/** Linked, not started. Pages below `/srv/www` of the world's memory. */
export function smallInternet(seed: string): World {
  const world = new World({ seed });
  addHome(world);
  addNameServers(world);
  world.add({
    ...host('www', '198.51.100.80', '198.51.100.1'),
    kind: 'host',
    web: { sites: [{ names: ['www.server.com'], root: '/srv/www' }] },
  });
  world.add({ name: 'server-hub', kind: 'hub', ports: [{ name: '1' }, { name: '2' }, { name: '3' }] });
  const cables = [
    ['client:eth0', 'home-switch:1'],
    ['home-switch:2', 'home-router:eth0'],
    ['home-router:eth1', 'core:eth0'],
    ['core:eth1', 'root:eth0'],
    ['core:eth2', 'com:eth0'],
    ['core:eth3', 'server-hub:1'],
    ['server-hub:2', 'ns:eth0'],
    ['server-hub:3', 'www:eth0'],
    ['core:eth4', 'isp-dns:eth0'],
  ];
  for (const [a, b] of cables) world.link(a, b, { delayMs: 2 });
  return world;
}

function addHome(world: World): void {
  world.add({ name: 'client', kind: 'host', ports: [{ name: 'eth0', dhcp: true }] });
  world.add({ name: 'home-switch', kind: 'switch', ports: [{ name: '1' }, { name: '2' }, { name: '3' }] });
  world.add({
    name: 'home-router',
    kind: 'router',
    ports: [
      { name: 'eth0', addresses: ['192.168.1.1/24'] },
      { name: 'eth1', addresses: ['203.0.113.2/24'] },
    ],
    routes: [{ destination: '0.0.0.0/0', gateway: '203.0.113.1' }],
    dhcpServers: [
      {
        interface: 'eth0',
        from: '192.168.1.100',
        to: '192.168.1.199',
        leaseSeconds: 3600,
        gateway: '192.168.1.1',
        dnsServers: ['192.168.1.1'],
        domain: 'home',
      },
    ],
    dnsForwarder: { servers: ['198.18.0.53'] },
  });
  world.add({
    name: 'core',
    kind: 'router',
    ports: [
      { name: 'eth0', addresses: ['203.0.113.1/24'] },
      { name: 'eth1', addresses: ['198.41.0.1/24'] },
      { name: 'eth2', addresses: ['192.5.6.1/24'] },
      { name: 'eth3', addresses: ['198.51.100.1/24'] },
      { name: 'eth4', addresses: ['198.18.0.1/24'] },
    ],
    routes: [{ destination: '192.168.1.0/24', gateway: '203.0.113.2' }],
  });
}

function addNameServers(world: World): void {
  world.add({
    ...host('isp-dns', '198.18.0.53', '198.18.0.1'),
    kind: 'dns-server',
    dns: { recursion: true, rootHints: [ROOT] },
  });
  world.add({
    ...host('root', ROOT.address, '198.41.0.1'),
    kind: 'dns-server',
    dns: {
      zones: [
        zone('.', `${ROOT.name}.`, ROOT.address, [
          ['com.', 'NS', 'a.gtld-servers.net.'],
          ['a.gtld-servers.net.', 'A', '192.5.6.30'],
        ]),
      ],
    },
  });
  world.add({
    ...host('com', '192.5.6.30', '192.5.6.1'),
    kind: 'dns-server',
    dns: {
      zones: [
        {
          name: 'com',
          records: [
            { name: '@', type: 'SOA', data: 'a.gtld-servers.net. admin.gtld-servers.net. 1 3600 600 86400 300' },
            { name: '@', type: 'NS', data: 'a.gtld-servers.net.' },
            { name: 'server', type: 'NS', data: 'ns.server.com.' },
            { name: 'ns.server.com.', type: 'A', data: '198.51.100.53' },
          ],
        },
      ],
    },
  });
  world.add({
    ...host('ns', '198.51.100.53', '198.51.100.1'),
    kind: 'dns-server',
    dns: { zones: [zone('server.com', 'ns.server.com.', '198.51.100.53', [['www', 'A', '198.51.100.80']])] },
  });
}
