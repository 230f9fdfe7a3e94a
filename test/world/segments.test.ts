/** A request that is larger than a frame, on its way through the mini-internet. */
import t from 'tap';
import { formatIpv4 } from '../../devices/stack/wire/address.js';
import { frameOf } from '../../devices/stack/wire/ethernet.js';
import { PROTOCOL_TCP } from '../../devices/stack/wire/ipv4.js';
import { factsOf } from '../e2e/sites.js';
import { icmpOf, ipv4Of, tcpOf } from '../support/packets.js';
import type { World } from '../support/world.js';
import { shippedWorld, tracedBy } from './shipped-world.js';

const BODY = 'title=The%20Paper%20Boat&'.repeat(800);

/** The segments with data that a device sends from its port, to the web server. */
function segments(world: World, from: string) {
  return world.frames
    .filter((frame) => frame.from === from)
    .flatMap(({ packet }) => {
      const [ip, tcp] = [ipv4Of(packet), tcpOf(packet)];
      if (ip === undefined || tcp === undefined || formatIpv4(ip.dst) !== '203.0.113.80') return [];
      return tcp.payload.length === 0 ? [] : [{ ip, tcp, packet }];
    });
}

function post(world: World) {
  return world.fetch('client', { url: 'http://www.server.com/echo', data: BODY, subresources: false });
}

t.test('a big request is cut into pieces of the MSS, each with headers of its own', async (t) => {
  const world = shippedWorld('mini-internet');
  t.teardown(() => world.stop());
  await world.configured();
  t.match(await post(world), { ok: true, resources: [factsOf(Buffer.from(BODY))] });

  const [request] = tracedBy(world, 'client', 'http-request');
  const sent = segments(world, 'client:eth0');
  // 1500 bytes of IP packet, less 20 for IP, 20 for TCP and 12 for its timestamps.
  const piece = 1500 - 20 - 20 - 12;
  const total = request.head.length + BODY.length;
  // Head and body are written apart.
  t.ok(sent.length <= Math.ceil(total / piece) + 1, `${sent.length} segments`);
  t.ok(sent.filter(({ tcp }) => tcp.payload.length === piece).length >= Math.floor(total / piece) - 1);
  t.equal(Buffer.concat(sent.map(({ tcp }) => tcp.payload)).toString(), request.head + BODY);
  for (const { ip, tcp, packet } of sent) {
    t.match(ip, { protocol: PROTOCOL_TCP, ttl: 64 });
    t.equal(tcp.dstPort, 80);
    t.ok(tcp.payload.length <= piece && frameOf(packet).length <= 1518);
  }
  const arrived = segments(world, 'server-switch:3');
  t.same(
    arrived.map(({ tcp }) => tcp),
    sent.map(({ tcp }) => tcp),
    'on the last cable the segments are those of the first one',
  );
  t.ok(arrived.every(({ ip }) => ip.ttl === 59));
});

t.test('a narrow link on the way: the router says how much fits, and the pieces become smaller', async (t) => {
  const world = shippedWorld('mini-internet', {
    edit: (text) => text.replace("'bb-east:eth1 -- bb-west:eth2', ", "'bb-east:eth1 -- bb-west:eth2', mtu: 1000, "),
  });
  t.teardown(() => world.stop());
  await world.configured();
  t.match(await post(world), { ok: true, resources: [factsOf(Buffer.from(BODY))] });

  const told = world.frames
    .filter(({ to }) => to === 'client:eth0')
    .flatMap(({ packet }) => icmpOf(packet) ?? [])
    .filter((message) => message.type === 3 && message.code === 4);
  t.ok(told.length > 0, 'destination unreachable, fragmentation needed (RFC 1191)');
  t.match(tracedBy(world, 'client', 'icmp-received')[0], { type: 3, code: 4, from: /^10\.255\./ });

  const beyond = segments(world, 'bb-west:eth2');
  t.equal(Math.max(...beyond.map(({ tcp }) => tcp.payload.length)), 1000 - 20 - 20 - 12);
  t.notOk(
    beyond.some(({ ip }) => ip.moreFragments || ip.fragmentOffset > 0),
    'nothing is fragmented',
  );
});
