/** The shipped LAN: the same three hosts on a hub and on a switch, so that what each of them hears can be compared. */
import t from 'tap';
import type { MacRow } from '../../devices/control.js';
import { arpOf, icmpOf } from '../support/packets.js';
import type { World } from '../support/world.js';
import { shippedWorld } from './shipped-world.js';

/** How many echo messages and how many ARP packets arrived at a port. */
function heard(world: World, port: string): { echoes: number; arp: number } {
  const packets = world.frames.filter(({ to }) => to === port).map(({ packet }) => packet);
  return {
    echoes: packets.filter((packet) => icmpOf(packet) !== undefined).length,
    arp: packets.filter((packet) => arpOf(packet) !== undefined).length,
  };
}

async function lan(): Promise<World> {
  const world = shippedWorld('lan');
  t.teardown(() => world.stop());
  // Past the announcements, by which switches learn who is where and hosts nothing about each other.
  await world.runFor(5_000);
  world.frames.length = 0;
  return world;
}

t.test('a hub: c hears all that a and b say, and keeps none of it', async (t) => {
  const world = await lan();
  t.match(await world.exec('a', 'ping -c 3 192.168.1.3'), { status: 0 });
  t.same(heard(world, 'c:eth0'), { echoes: 6, arp: 2 });
  t.same(heard(world, 'c:eth1'), { echoes: 0, arp: 0 });
  const atC = world.frames.filter(({ from }) => from === 'c:eth0');
  t.same(atC, [], 'it answers nothing');
  t.match(world.machine('c').inspect('arp'), [], 'and learns nothing: the request was not for it');
  t.notOk(world.machine('hub').tables.includes('mac-table'));
});

t.test('a switch: c hears the broadcast alone', async (t) => {
  const world = await lan();
  t.match(await world.exec('a', 'ping -c 3 192.168.2.3'), { status: 0 });
  t.same(heard(world, 'c:eth1'), { echoes: 0, arp: 1 });
  t.same(heard(world, 'c:eth0'), { echoes: 0, arp: 0 });
  t.same((world.machine('sw').inspect('mac-table') as MacRow[]).map(({ port }) => port).sort(), ['1', '2', '3']);
});

t.test('a switch that has forgotten a host floods what is for it, until it answers', async (t) => {
  const world = await lan();
  await world.exec('a', 'ping -c 1 192.168.2.3');
  const [{ mac }] = (world.machine('sw').inspect('mac-table') as MacRow[]).filter(({ port }) => port === '2');
  // `arp -s` keeps a from asking anew, by which the switch would learn. Both hosts have checked each other before.
  await world.exec('a', `arp -s 192.168.2.3 ${mac}`);
  await world.runFor(310_000);
  t.same(world.machine('sw').inspect('mac-table'), []);
  world.frames.length = 0;
  await world.exec('a', 'ping -c 2 192.168.2.3');
  t.equal(heard(world, 'c:eth1').echoes, 1, 'the first request, not its reply, nor what follows');
});
