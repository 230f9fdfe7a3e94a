import t from 'tap';
import type { TraceEvent } from '../../../devices/control.js';
import { smallInternet } from './small-internet.js';

t.test('First contact', async (t) => {
  const world = smallInternet('first contact');
  world.memory.put('/srv/www/index.html', '<title>Hello</title><img src="/logo.svg">');
  world.memory.put('/srv/www/logo.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>');
  world.start();
  t.equal(world.machine('client').configured, false);

  // Asked for at once: the browser waits until the host has its address.
  const result = await world.fetch('client', { url: 'http://www.server.com/' });
  t.match(result, { ok: true, status: 200, resources: [{ bytes: 41 }, { url: 'http://www.server.com/logo.svg' }] });
  t.match(result.lookups, [{ name: 'www.server.com', addresses: ['198.51.100.80'], source: 'network' }]);

  // The last ACK is still on its way.
  await world.runFor(100);
  const of = <E extends TraceEvent['event']>(device: string, event: E) =>
    world.traced.filter((entry): entry is (typeof world.traced)[number] & { event: E } => {
      return entry.device === device && entry.event === event;
    });
  const client = world.machine('client');

  t.test('it gets its address by DHCP', async (t) => {
    t.strictSame(
      of('client', 'dhcp-state').map(({ state }) => state),
      ['SELECTING', 'REQUESTING', 'BOUND'],
    );
    t.match(client.inspect('dhcp'), [{ role: 'client', state: 'BOUND', server: '192.168.1.1' }]);
    const [{ address }] = client.inspect('dhcp') as { address: string }[];
    t.match(address, /^192\.168\.1\.1\d\d$/);
    t.match(client.inspect('interfaces'), [{ name: 'eth0', addresses: [`${address}/24`] }]);
    t.match(client.inspect('routes'), [
      { destination: '0.0.0.0', gateway: '192.168.1.1', source: 'dhcp' },
      { destination: '192.168.1.0', gateway: '' },
    ]);
    t.match(world.machine('home-router').inspect('dhcp'), [{ role: 'server', address, hostName: 'client' }]);
  });

  t.test('then the name: every cache, then root, com and server.com', async (t) => {
    t.strictSame(
      of('client', 'dns-cache').map(({ cache, hit }) => [cache, hit]),
      [
        ['browser', false],
        ['os', false],
        ['hosts', false],
      ],
    );
    t.match(of('client', 'dns-query'), [{ to: '192.168.1.1', name: 'www.server.com', recursionDesired: true }]);
    t.match(of('home-router', 'dns-cache'), [{ cache: 'router', hit: false }]);
    t.match(
      of('isp-dns', 'dns-answer').filter(({ name }) => 'www.server.com'.endsWith(name)),
      [
        { from: '198.41.0.4', name: 'com', kind: 'referral' },
        { from: '192.5.6.30', name: 'server.com', kind: 'referral' },
        { from: '198.51.100.53', name: 'www.server.com', kind: 'answer', answers: ['198.51.100.80'] },
      ],
    );
  });

  t.test('it ARPs for its gateway, connects, loads, and takes leave', async (t) => {
    t.match(client.inspect('arp'), [{ ip: '192.168.1.1', interface: 'eth0' }]);
    t.strictSame(
      of('client', 'tcp-state')
        .filter(({ remote }) => remote === result.connections[0].remote)
        .filter(({ local }) => local === result.connections[0].local)
        .map(({ to }) => to),
      ['SYN_SENT', 'ESTABLISHED', 'FIN_WAIT1', 'FIN_WAIT2', 'TIME_WAIT'],
    );
    t.strictSame(
      of('www', 'tcp-state')
        .filter(({ remote }) => remote === result.connections[0].local)
        .map(({ to }) => to),
      ['SYN_RECV', 'ESTABLISHED', 'CLOSE_WAIT', 'LAST_ACK', 'CLOSED'],
    );
    t.match(world.machine('home-switch').inspect('mac-table'), [{ port: /1|2/ }, { port: /1|2/ }]);
  });

  t.test('the second time, the browser knows the name', async (t) => {
    const before = of('client', 'dns-query').length;
    const again = await world.fetch('client', { url: 'http://www.server.com/' });
    t.match(again, { ok: true, lookups: [{ source: 'browser', addresses: ['198.51.100.80'] }] });
    t.equal(of('client', 'dns-query').length, before);
  });
});
