/** The shipped topology of names: a zone file, two servers of one zone, changes, weights. */
import t from 'tap';
import type { World } from '../support/world.js';
import { shippedWorld } from './shipped-world.js';

async function running(t: Tap): Promise<World> {
  const world = shippedWorld('names');
  t.teardown(() => world.stop());
  await world.runFor(2_000);
  return world;
}

type Tap = { teardown(fn: () => Promise<void>): void };

async function dig(world: World, words: string): Promise<string[]> {
  const { stdout } = await world.exec('client', `dig +short ${words}`);
  return stdout.trimEnd().split('\n');
}

t.test('what the zone file says is what clients hear', async (t) => {
  const world = await running(t);
  t.same(await dig(world, 'example.org MX'), ['10 mail.example.org.']);
  t.same(await dig(world, 'mail.example.org AAAA'), ['2001:db8::25']);
  t.same(await dig(world, '_http._tcp.example.org SRV'), ['0 75 80 www.example.org.']);
  t.same(await dig(world, 'example.org CAA'), ['0 issue ";"']);
  t.same(await dig(world, 'anybody.customers.example.org'), ['192.0.2.80'], 'a wildcard');
  t.same(await dig(world, 'vip.customers.example.org'), ['192.0.2.180']);
  t.same(await dig(world, 'web-2.hosts.example.org'), ['192.0.2.180'], 'of an included file');
  t.same((await dig(world, 'ftp.example.org'))[0], 'www.example.org.');
});

t.test('a name survives the death of one of two servers, and an update reaches both', async (t) => {
  const world = await running(t);
  t.match(world.machine('ns2').inspect('zones'), [
    { name: 'example.org', role: 'secondary', state: 'served', serial: 2026112801 },
    { name: 'shop.org', role: 'secondary', state: 'served', serial: 1 },
  ]);
  const script = 'update add new.example.org 300 A 192.0.2.99\nupdate delete ftp.example.org\n';
  const update = await world.exec('client', 'nsupdate', script);
  t.match(update, { status: 0, stdout: '', stderr: '' });
  await world.runFor(1_000);
  t.match(world.machine('ns2').inspect('zones'), [{ serial: 2026112802, journal: 1 }]);

  await world.until(world.machine('ns1').stop());
  // nsupdate looked for the new name first: that there is none is known for a minute.
  await world.runFor(60_000);
  t.same(await dig(world, 'new.example.org'), ['192.0.2.99']);
  t.match((await world.exec('client', 'dig ftp.example.org')).stdout, /status: NXDOMAIN/);
  const page = await world.fetch('client', { url: 'http://www.example.org/' });
  t.match(page, { ok: true, status: 200 });
});

t.test('load by weight, the same from both servers', async (t) => {
  const world = await running(t);
  for (const server of ['192.0.2.53', '192.0.2.181']) {
    let first = 0;
    for (let i = 0; i < 60; i++) {
      if ((await dig(world, `www.shop.org @${server}`))[0] === '192.0.2.80') first += 1;
    }
    t.ok(first > 35 && first < 55, `${server}: ${first} of 60`);
  }
});

t.test('nsupdate: lines, failures, what it shows', async (t) => {
  const world = await running(t);
  const run = (script: string, options = '') => world.exec('client', `nsupdate${options}`, script);
  t.match(await run('prereq nxdomain www.example.org\nadd www.example.org 60 A 10.0.0.1\nsend\nanswer\n'), {
    status: 2,
    stderr: 'update failed: YXDOMAIN\n',
    stdout: /opcode: UPDATE, status: YXDOMAIN/,
  });
  t.match(await run('server 192.0.2.181\nzone example.org\nadd x.example.org 60 A 10.0.0.1\n'), {
    status: 2,
    stderr: 'update failed: REFUSED\n',
  });
  t.match(
    await run('ttl 60\nadd x.example.org A 10.0.0.1\n; a comment\nprereq yxrrset www.example.org A\nshow\nquit\n'),
    {
      status: 0,
      stdout:
        'Outgoing update query:\n;; PREREQUISITE SECTION:\nwww.example.org.\t0\tANY\tA\n;; UPDATE SECTION:\nx.example.org.\t60\tIN\tA\t10.0.0.1\n\n',
    },
  );
  t.match(
    await run(
      'prereq yxrrset www.example.org IN A 192.0.2.80\nprereq yxrrset www.example.org A 192.0.2.180\nadd y.example.org 60 TXT "a b"\n\ndel y.example.org TXT "a b"\ndelete nothing.example.org A\n',
      ' -v -d',
    ),
    {
      status: 0,
      stdout: /Reply from update query:\n;; ->>HEADER<<- opcode: UPDATE, status: NOERROR/,
    },
  );
  t.match(await run('update ad x 5 A 1.1.1.1'), {
    status: 1,
    stderr: 'nsupdate: incorrect operation code: ad\nsyntax error\n',
  });
  t.match(await run('add x A 1.1.1.1'), { status: 1, stderr: /no TTL/ });
  t.match(await run('add x 5 A 1.1.1.300'), {
    status: 1,
    stderr: /invalid rdata format: "1\.1\.1\.300" is not an IPv4 address/,
  });
  t.match(await run('frobnicate'), { status: 1, stderr: /incorrect section name: frobnicate/ });
  t.match(await run('server no.such.name\nzone example.org\nadd x.example.org 5 A 1.1.1.1\n'), {
    status: 1,
    stderr: /couldn't get address for/,
  });
  const elsewhere = 'server 192.0.2.181\nzone example.org\nadd x.example.org 60 A 10.0.0.1\n';
  t.match(
    await run(elsewhere, ' -p 5354 -t 1'),
    { stderr: /Communication with the server failed/ },
    'the port of -p holds',
  );
  t.match(await run('help'), { status: 0, stdout: /^server name/ });
  t.match(await run('', ' file'), { status: 2, stderr: /standard input/ });
  t.match(
    await world.exec('ns1', 'nsupdate -l', 'add z.example.org 60 A 10.0.0.1\n'),
    { status: 0 },
    'the server itself may',
  );
});

t.test('rndc: what a server says of its zones, and does with them', async (t) => {
  const world = await running(t);
  t.match(await world.exec('ns1', 'rndc zonestatus example.org'), {
    status: 0,
    stdout:
      /^name: example\.org\ntype: primary\nserial: 2026112801\nrecords: \d+\nchanges kept: 0\nnotified: 192\.0\.2\.181\n$/,
  });
  t.match((await world.exec('ns2', 'rndc zonestatus EXAMPLE.org.')).stdout, /type: secondary.*next refresh: in \d+ s/s);
  t.match(await world.exec('ns2', 'rndc refresh example.org'), { status: 0, stdout: 'zone refresh queued\n' });
  t.match(await world.exec('ns1', 'rndc notify shop.org'), { status: 0, stdout: 'zone notify queued\n' });
  t.match(await world.exec('ns2', 'rndc retransfer shop.org'), { status: 0, stdout: 'zone transfer queued\n' });
  const copied = () => world.logged.filter(({ message }) => message === 'a zone was copied').length;
  const before = copied();
  await world.runFor(1_000);
  t.equal(copied(), before + 1, 'though its serial is the same');
  t.match(await world.exec('ns1', 'rndc refresh shop.org'), { status: 1, stderr: /not a secondary zone/ });
  t.match(await world.exec('ns2', 'rndc notify shop.org'), { status: 1, stderr: /nobody is to be told/ });
  t.match(await world.exec('ns2', 'rndc refresh nothing.org'), { status: 1, stderr: /no matching zone 'nothing.org'/ });
  t.match(await world.exec('ns2', 'rndc freeze shop.org'), { status: 2, stderr: /unknown command 'freeze'/ });
  t.match(await world.exec('ns2', 'rndc refresh'), { status: 2, stderr: /which action, of which zone/ });
  t.match(await world.exec('ns1', 'rndc status'), { status: 0, stdout: /^number of zones: 2\n/ });
  t.notOk(world.machine('client').commands.has('rndc'));
});
