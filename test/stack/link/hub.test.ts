import t from 'tap';
import { Hub } from '../../../devices/stack/link/hub.js';
import { BROADCAST_MAC } from '../../../devices/stack/wire/address.js';
import { ListeningStation, PortNode } from '../../support/port-node.js';
import { Wiring } from '../../support/wiring.js';

t.test('a hub repeats to all other ports, whoever is meant', async (t) => {
  const wiring = new Wiring();
  const body = wiring.attach(new PortNode('hub', ['1', '2', '3', '4']));
  new Hub(body.ports);
  const [a, b, c] = ['a', 'b', 'c'].map((name, i) => wiring.attach(new ListeningStation(name, 0x020000000001 + i)));
  wiring.link('a:eth0', 'hub:1');
  wiring.link('b:eth0', 'hub:2');
  wiring.link('c:eth0', 'hub:3');

  a.say(b.nic.mac, 'for b');
  wiring.runSync();
  t.same(b.heard, ['for b']);
  t.same(c.overheard, ['for b'], 'c hears it too');
  t.same(c.heard, [], 'and drops it');
  t.same(a.overheard, [], 'it does not come back');
  t.same(body.ports[3].counters.drops(), {}, 'nothing is sent to the port without a cable');

  c.say(BROADCAST_MAC, 'for all');
  wiring.runSync();
  t.same([a.heard, b.heard, c.heard], [['for all'], ['for b', 'for all'], []]);
});

t.test('a damaged packet ends at the hub', async (t) => {
  const wiring = new Wiring();
  const body = wiring.attach(new PortNode('hub', ['1', '2']));
  new Hub(body.ports);
  const a = wiring.attach(new ListeningStation('a', 2));
  const b = wiring.attach(new ListeningStation('b', 4));
  wiring.link('a:eth0', 'hub:1', { impairment: { corrupt: 1 } });
  wiring.link('b:eth0', 'hub:2');
  a.say(b.nic.mac, 'x');
  wiring.runSync();
  t.same(b.overheard, []);
  t.same(body.ports[0].counters.drops(), { badFcs: 1 });
});

t.test('a port that is removed neither hears nor is heard', async (t) => {
  const wiring = new Wiring();
  const body = wiring.attach(new PortNode('hub', ['1', '2', '3']));
  const hub = new Hub(body.ports);
  const [a, b, c] = ['a', 'b', 'c'].map((name, i) => wiring.attach(new ListeningStation(name, 0x020000000001 + i)));
  [a, b, c].forEach(({ name }, i) => {
    wiring.link(`${name}:eth0`, `hub:${i + 1}`);
  });
  hub.removePort(body.ports[2]);
  a.say(BROADCAST_MAC, 'one');
  c.say(BROADCAST_MAC, 'two');
  wiring.runSync();
  t.same([a.heard, b.heard, c.heard], [[], ['one'], []]);
  hub.addPort(body.ports[2]);
  c.say(BROADCAST_MAC, 'three');
  wiring.runSync();
  t.same([a.heard, b.heard], [['three'], ['one', 'three']]);
});
