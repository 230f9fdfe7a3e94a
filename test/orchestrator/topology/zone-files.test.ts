/** Zone files of a topology: what they become, and how their mistakes are told. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parseTopology, TopologyError } from '../../../orchestrator/topology/index.js';

const TOPOLOGY = `devices:
  ns: {kind: dns-server, address: 10.0.0.1/24, zones: {server.com: zones/server.zone, com: {}}}
`;

function folderOf(t: Test, files: Readonly<Record<string, string>>): string {
  const folder = t.testdir({ lab: { zones: {} }, outside: 'secret' });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, 'lab', name), text);
  return join(folder, 'lab');
}

/** What `validate` prints, the folder left out. */
function complaint(folder: string, text = TOPOLOGY): string {
  try {
    parseTopology(text, join(folder, 'net.yaml'));
    return '';
  } catch (error) {
    if (!(error instanceof TopologyError)) throw error;
    return error.message.replaceAll(`${folder}/`, '');
  }
}

t.test('its records are those of the zone, and the zone above delegates to it', async (t) => {
  const folder = folderOf(t, {
    'zones/server.zone':
      '$TTL 5m\n@ SOA NS1 admin 2026112801 1h 10m 1d 5m\n@ NS NS1\nNS1 A 10.0.0.1\nNS1 AAAA 2001:db8::1\nWWW 60 A 10.0.0.80\n$INCLUDE mail.inc mail\n',
    'zones/mail.inc': '@ MX 10 @\n@ A 10.0.0.25\n',
  });
  const { zones = [] } = parseTopology(TOPOLOGY, join(folder, 'net.yaml')).devices.get('ns')?.dns ?? {};
  const lines = zones.map(({ name, records }) => [
    name,
    ...records.map((one) => `${one.name} ${one.ttlSeconds} ${one.type} ${one.data}`),
  ]);
  t.same(lines[0], [
    'server.com.',
    'server.com. 300 SOA NS1.server.com. admin.server.com. 2026112801 3600 600 86400 300',
    'server.com. 300 NS ns1.server.com.',
    'ns1.server.com. 300 A 10.0.0.1',
    'ns1.server.com. 300 AAAA 2001:db8::1',
    'www.server.com. 60 A 10.0.0.80',
    'mail.server.com. 300 MX 10 mail.server.com.',
    'mail.server.com. 300 A 10.0.0.25',
  ]);
  t.same(lines[1].slice(-3), [
    'server.com. 300 NS ns1.server.com.',
    'ns1.server.com. 3600 A 10.0.0.1',
    'ns1.server.com. 3600 AAAA 2001:db8::1',
  ]);
});

t.test('SOA and NS are made when the file has none', async (t) => {
  const folder = folderOf(t, { 'zones/server.zone': 'www 60 A 10.0.0.80\n' });
  const zone = parseTopology(TOPOLOGY, join(folder, 'net.yaml')).devices.get('ns')?.dns?.zones?.[0];
  t.same(
    zone?.records.map(({ type }) => type),
    ['SOA', 'A', 'NS', 'A'],
  );
});

t.test('mistakes are told with file, line and column', async (t) => {
  const folder = folderOf(t, {
    'zones/server.zone': '$TTL 5m\r\nwww AA 10.0.0.80\r\n$INCLUDE more.inc\r\nx CNAME y\r\nx A 10.0.0.1\r\n',
    'zones/more.inc': '\n\tA\t10.0.0.999\n',
  });
  t.equal(
    complaint(folder),
    `zones/more.inc:2:4: A: "10.0.0.999" is not an IPv4 address
   2 | \tA\t10.0.0.999
     | \t \t^^^^^^^^^^
zones/server.zone:2:5: "AA" is not a record type. Did you mean "A"?
   2 | www AA 10.0.0.80
     |     ^^
zones/server.zone:5:1: a record beside a CNAME (RFC 1034 section 3.6.2)
   5 | x A 10.0.0.1
     | ^`,
  );
});

t.test('a file is looked for in the folder of the topology, and nowhere else', async (t) => {
  const folder = folderOf(t, {
    'zones/server.zone': '$TTL 1\n$INCLUDE ../../outside\n$INCLUDE gone.inc\n$INCLUDE link\n$INCLUDE /etc/passwd\n',
  });
  symlinkSync(join(folder, '..', 'outside'), join(folder, 'zones', 'link'));
  const lines = complaint(folder)
    .split('\n')
    .filter((line) => line.startsWith('zones'));
  t.same(lines, [
    'zones/server.zone:2:10: the file "../../outside" lies outside the folder of the topology',
    'zones/server.zone:3:10: the file "gone.inc" does not exist; it is looked for beside the topology file',
    'zones/server.zone:4:10: the file "link" lies outside the folder of the topology',
    'zones/server.zone:5:10: the file "/etc/passwd" lies outside the folder of the topology',
  ]);
  const named = (file: string) => complaint(folder, TOPOLOGY.replace('zones/server.zone', file)).split('\n')[0];
  mkdirSync(join(folder, 'sub'));
  t.match(named('no.zone'), /^net\.yaml:2:68: the zone file "no.zone" does not exist/);
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  t.match(named('pipe'), /the zone file "pipe" is no file/);
  truncateSync(join(folder, 'zones', 'server.zone'), 9 * 1024 * 1024);
  t.match(named('zones/server.zone'), /is too large for a zone/);
  t.match(named('sub'), /the zone file "sub" is a folder/);
  t.match(named('../outside'), /lies outside the folder/);
  t.match(named('[1]'), /is not a zone: write a zone file, or a map/);
});

t.test('what follows from a mistake is not told', async (t) => {
  const folder = folderOf(t, { 'zones/server.zone': '@ 60 NS ns1\nns1 60 A 10.0.0.999\n' });
  t.match(complaint(folder), /^zones\/server\.zone:2:10: .*10\.0\.0\.999/);
  t.notMatch(complaint(folder), /has no address here/);
});
