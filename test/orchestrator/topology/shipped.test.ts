import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadTopology, topologyJsonSchema } from '../../../orchestrator/topology/index.js';
import { repositoryRoot, shippedTopology } from './support/problems.js';

t.test('every shipped topology is valid', async (t) => {
  const files = readdirSync(join(repositoryRoot(), 'topologies')).filter((file) => file.endsWith('.yaml'));
  t.same([...files].sort(), ['apps.yaml', 'hello.yaml', 'lan.yaml', 'mini-internet.yaml', 'names.yaml', 'routes.yaml']);
  for (const file of files) t.ok(loadTopology(join(repositoryRoot(), 'topologies', file)).devices.size > 0, file);
});

t.test('mini-internet is what it is said to be', async (t) => {
  const { devices, networks } = loadTopology(shippedTopology('mini-internet'));
  const kinds = (kind: string) =>
    [...devices.values()].filter((device) => device.kind === kind).map(({ name }) => name);
  t.same(kinds('host'), ['client', 'laptop', 'web', 'images', 'maps']);
  t.same(kinds('dns-server'), ['isp-dns', 'root-dns', 'com-dns', 'server-dns', 'google-dns']);
  t.ok(devices.get('client')?.ports[0].dhcp);
  t.same(devices.get('home-router')?.dnsForwarder, ['198.51.100.53']);
  const servers = ['isp-dns', 'root-dns', 'com-dns', 'server-dns', 'google-dns'];
  const homes = servers.map((name) => networks.find(({ ports }) => ports.some(({ device }) => device === name))?.index);
  t.equal(new Set(homes).size, servers.length, 'each DNS server in a network of its own');
});

t.test('the JSON Schema describes all that a file may say', async (t) => {
  const schema = JSON.stringify(topologyJsonSchema());
  for (const key of ['devices', 'links', 'dhcpServer', 'zones', 'sites', 'reorderDelay', 'secondary', '$TTL']) {
    t.match(schema, `"${key}":`);
  }
  t.match(topologyJsonSchema(), {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Netarium topology',
    additionalProperties: false,
    required: ['devices'],
  });
});
