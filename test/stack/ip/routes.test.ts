import fc from 'fast-check';
import t from 'tap';
import { Timers } from '../../../devices/stack/clock.js';
import { type Route, RoutingTable } from '../../../devices/stack/ip/routes.js';
import { Nic } from '../../../devices/stack/link/nic.js';
import { Port } from '../../../devices/stack/link/port.js';
import { Random } from '../../../devices/stack/random.js';
import { networkOf, prefixMask } from '../../../devices/stack/wire/address.js';
import { cidr, ip } from '../../support/stack-bench.js';

const timers = new Timers();
const [eth0, eth1] = ['eth0', 'eth1'].map((name) => new Nic(new Port({ name, timers, random: new Random(1) }), 1));

function route(destination: string, rest: Partial<Route> = {}): Route {
  const { address, prefixLength } = cidr(destination);
  return { destination: address, prefixLength, nic: eth0, metric: 0, source: 'static', ...rest };
}

function tableOf(...routes: Route[]): RoutingTable {
  const table = new RoutingTable();
  for (const each of routes) table.add(each);
  return table;
}

t.test('the longest prefix wins, in whatever order the routes came', async (t) => {
  const host = route('10.1.2.3/32');
  const subnet = route('10.1.2.0/24');
  const wide = route('10.0.0.0/8');
  const fallback = route('0.0.0.0/0', { gateway: ip('10.1.2.254') });
  for (const order of [
    [host, subnet, wide, fallback],
    [fallback, wide, subnet, host],
    [subnet, fallback, host, wide],
  ]) {
    const table = tableOf(...order);
    t.equal(table.lookup(ip('10.1.2.3')), host);
    t.equal(table.lookup(ip('10.1.2.4')), subnet);
    t.equal(table.lookup(ip('10.1.3.4')), wide);
    t.equal(table.lookup(ip('11.0.0.1')), fallback);
  }
});

t.test('without a default route the rest of the world has no route', async (t) => {
  t.equal(tableOf(route('10.0.0.0/8')).lookup(ip('11.0.0.1')), undefined);
});

t.test('of equal prefixes the lower metric wins, of equal metrics the older route', async (t) => {
  const slow = route('10.0.0.0/8', { metric: 100 });
  const fast = route('10.0.0.0/8', { metric: 10, nic: eth1 });
  const later = route('10.0.0.0/8', { metric: 10, gateway: ip('10.0.0.1') });
  const table = tableOf(slow, fast, later);
  t.equal(table.lookup(ip('10.0.0.9')), fast);
  t.equal(table.lookup(ip('10.0.0.9'), eth0), later, 'as far as it leaves by the right interface');
  t.equal(table.remove({ nic: eth1 }), true);
  t.equal(table.lookup(ip('10.0.0.9')), later);
});

t.test('a route is added once, and removed by what is known of it', async (t) => {
  const table = tableOf(route('10.0.0.0/8'));
  t.equal(table.add(route('10.0.0.0/8')), false);
  t.equal(table.remove({ destination: ip('10.0.0.0'), prefixLength: 16 }), false);
  t.equal(table.remove({ destination: ip('10.0.0.0'), prefixLength: 8, gateway: undefined }), true);
  t.same(table.routes(), []);
  t.throws(() => table.add(route('10.0.0.1/8')), { message: '10.0.0.1/8 has host bits set' });
});

t.test('rows read as `route -n` prints them', async (t) => {
  const table = tableOf(
    route('192.168.1.0/24', { source: 'connected' }),
    route('10.9.8.7/32', { nic: eth1 }),
    route('0.0.0.0/0', { gateway: ip('192.168.1.254'), metric: 5, source: 'dhcp' }),
  );
  t.same(
    table.rows().map((row) => Object.values(row).join(' ')),
    [
      '0.0.0.0 0.0.0.0 192.168.1.254 eth0 5 UG dhcp',
      '10.9.8.7 255.255.255.255  eth1 0 UH static',
      '192.168.1.0 255.255.255.0  eth0 0 U connected',
    ],
  );
});

t.test('it always finds what a search through all routes finds', async () => {
  const address = fc.integer({ min: 0, max: 0xffffffff });
  const prefix = fc.record({ address, prefixLength: fc.integer({ min: 0, max: 32 }) });
  fc.assert(
    fc.property(fc.array(prefix, { maxLength: 20 }), address, (prefixes, dst) => {
      const table = new RoutingTable();
      for (const each of prefixes) {
        table.add({ ...each, destination: networkOf(each), nic: eth0, metric: 0, source: 'static' });
      }
      const lengths = prefixes
        .filter((each) => (dst & prefixMask(each.prefixLength)) >>> 0 === networkOf(each))
        .map((each) => each.prefixLength);
      const best = lengths.length === 0 ? undefined : Math.max(...lengths);
      return table.lookup(dst)?.prefixLength === best;
    }),
  );
});
