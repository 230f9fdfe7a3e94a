import t from 'tap';
import { createMachine } from '../../../devices/apps/kinds/index.js';
import { NO_LOG } from '../../../devices/apps/machine.js';
import type { DeviceConfig } from '../../../devices/control/config.js';
import { Random } from '../../../devices/stack/random.js';
import { NO_TRACE } from '../../../devices/stack/trace.js';
import { World } from '../../support/world.js';
import { smallInternet } from './small-internet.js';

t.test('each kind has its tables and its commands', async (t) => {
  const world = smallInternet('kinds');
  const ofStack = ['interfaces', 'arp', 'routes', 'sockets', 'dns-cache', 'dhcp', 'counters'];
  const ofHost = ['interfaces', 'arp', 'routes', 'sockets', 'dns-cache', 'http-cache', 'cookies', 'dhcp', 'counters'];
  t.strictSame(world.machine('client').tables, ofHost);
  t.strictSame(world.machine('core').tables, ofStack);
  t.strictSame(world.machine('root').tables, ofStack.toSpliced(5, 0, 'zones'));
  t.match(world.machine('root').inspect('zones'), [{ name: '.', role: 'primary', state: 'served', serial: 1 }]);
  t.strictSame(world.machine('home-switch').tables, ['interfaces', 'mac-table', 'counters']);
  t.strictSame(world.machine('server-hub').tables, ['interfaces', 'counters']);
  t.strictSame(world.machine('server-hub').inspect('routes'), []);
  for (const name of ['client', 'core', 'root', 'home-switch', 'server-hub']) {
    const { commands } = world.machine(name);
    t.ok(commands.has('show'), `${name}: show`);
    t.ok(commands.has('help'), `${name}: help`);
  }
  const wanted = 'ping traceroute arp route ip netstat ss dig nslookup curl nc'.split(' ');
  for (const name of ['client', 'core']) {
    for (const word of wanted) t.ok(world.machine(name).commands.has(word), `${name}: ${word}`);
  }
  t.equal(typeof world.machine('client').fetch, 'function');
  t.equal(world.machine('core').fetch, undefined);
});

t.test('a router forwards, a host does not', async (t) => {
  const world = smallInternet('forwarding');
  world.start();
  await world.configured();
  const { status, stdout } = await world.exec('client', 'ping -c 1 198.51.100.80');
  t.equal(status, 0, stdout);
  t.match(stdout, /ttl=62/);
});

t.test('interfaces count what crosses them, sockets show who listens', async (t) => {
  const world = smallInternet('tables');
  world.start();
  await world.configured();
  t.match(world.machine('home-switch').inspect('interfaces')[0], {
    name: '1',
    carrier: true,
    addresses: [],
    mtu: 1500,
  });
  t.match(world.machine('home-switch').inspect('interfaces')[2], { name: '3', carrier: false, framesIn: 0 });
  const [client] = world.machine('client').inspect('interfaces') as { framesIn: number; framesOut: number }[];
  t.ok(client.framesIn > 0 && client.framesOut > 0);
  const listeners = (name: string) =>
    world
      .machine(name)
      .inspect('sockets')
      .map((row) => ('program' in row ? `${row.protocol} ${row.local} ${row.program}` : ''));
  t.strictSame(listeners('www'), ['tcp 0.0.0.0:80 web-server']);
  t.ok(listeners('home-router').includes('udp 0.0.0.0:67 dhcp-server'));
  t.ok(listeners('root').some((line) => line.startsWith('udp 0.0.0.0:53')));
});

t.test('a load that waits in vain for an address fails at DHCP, within its time', async (t) => {
  const world = new World({ seed: 'alone' });
  world.add({ name: 'client', kind: 'host', ports: [{ name: 'eth0', dhcp: true }] });
  world.start();
  const patient = await world.fetch('client', { url: 'http://10.0.0.1/' });
  t.match(patient, { ok: false, error: { code: 'ETIMEDOUT', stage: 'dhcp' } });
  t.equal(patient.endAt - patient.startAt, 15_000);
  const hasty = await world.fetch('client', { url: 'http://10.0.0.1/', timeoutMs: 100 });
  t.match(hasty, { ok: false, error: { code: 'ETIMEDOUT', stage: 'dhcp' } });
  t.equal(hasty.endAt - hasty.startAt, 100);
});

t.test('a machine that stops gives its address back and closes its sockets', async (t) => {
  const world = smallInternet('stop');
  world.start();
  await world.configured();
  await world.until(world.machine('client').stop());
  t.match(world.machine('client').inspect('interfaces'), [{ addresses: { length: 0 } }]);
  t.match(world.machine('home-router').inspect('dhcp'), [{ state: 'RELEASED' }]);
  await world.until(world.machine('www').stop());
  t.strictSame(world.machine('www').inspect('sockets'), []);
});

t.test('a config that does not fit is refused in words', async (t) => {
  const env = {
    now: () => 0,
    wallClock: () => 0,
    wake: () => {},
    random: new Random(1),
    tracer: NO_TRACE,
    log: NO_LOG,
    files: { read: async () => undefined },
  };
  const config = (more: Partial<DeviceConfig>): DeviceConfig => ({
    lab: 'l',
    name: 'h',
    kind: 'host',
    seed: 1,
    control: '',
    ports: [{ name: 'eth0', mac: '02:00:00:00:00:01', addresses: ['10.0.0.1/24'] }],
    ...more,
  });
  t.doesNotThrow(() => createMachine(config({}), env));
  t.throws(() => createMachine(config({ ports: [{ name: 'eth0' }] }), env), /h:eth0: mac/);
  t.throws(() => createMachine(config({ routes: [{ destination: 'far' }] }), env), /h: routes: far/);
  t.throws(
    () => createMachine(config({ routes: [{ destination: '0.0.0.0/0', gateway: '9.9.9.9' }] }), env),
    /9\.9\.9\.9/,
  );
});
