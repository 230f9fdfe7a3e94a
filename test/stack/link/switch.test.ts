import t from 'tap';
import { Counters } from '../../../devices/stack/counters.js';
import { MAX_MAC_ENTRIES, Switch } from '../../../devices/stack/link/switch.js';
import type { TraceDetail } from '../../../devices/stack/trace.js';
import { BROADCAST_MAC, formatMac, parseMac } from '../../../devices/stack/wire/address.js';
import { packetOf } from '../../support/packets.js';
import { ListeningStation, PortNode, TEST_ETHERTYPE } from '../../support/port-node.js';
import { Wiring } from '../../support/wiring.js';

const NAMES = ['a', 'b', 'c', 'd'];

/** Stations a, b, c, d behind ports 1 … 4. */
function lan(macAgeMs?: number, macs: number[] = [0x02000000000a, 0x02000000000b, 0x02000000000c, 0x02000000000d]) {
  const wiring = new Wiring();
  const body = wiring.attach(new PortNode('sw', ['1', '2', '3', '4']));
  const counters = new Counters();
  const traced: TraceDetail[] = [];
  const tracer = { enabled: true, emit: (detail: TraceDetail) => traced.push(detail) };
  const bridge = new Switch({ ports: body.ports, timers: body.timers, tracer, counters, macAgeMs });
  const stations = NAMES.map((name, i) => wiring.attach(new ListeningStation(name, macs[i])));
  const cables = NAMES.map((name, i) => wiring.link(`${name}:eth0`, `sw:${i + 1}`, { delayMs: 0 }));
  const table = () => bridge.macTable().map(({ mac, port, ageMs }) => `${formatMac(mac)} ${port} ${ageMs}`);
  /** Who has overheard the last thing that was said. */
  const say = (from: number, to: number, text: string) => {
    stations[from].say(to, text);
    wiring.runSync(wiring.now);
    return stations.filter((station) => station.overheard.at(-1) === text).map(({ name }) => name);
  };
  return { wiring, body, bridge, counters, traced, stations, cables, table, say };
}

t.test('Switch table: a frame to a learned address leaves on its port alone', async (t) => {
  const mac = parseMac('00-02-B3-1C-9C-F9')!;
  const { bridge, say, table, traced } = lan(
    undefined,
    [0x0a, 0x0b, mac, 0x0d].map((m) => (m === mac ? m : m * 2)),
  );
  say(2, BROADCAST_MAC, 'here I am');
  t.same(table(), ['00:02:b3:1c:9c:f9 3 0']);
  t.same(traced, [{ event: 'mac-learned', port: '3', mac: '00:02:b3:1c:9c:f9' }]);
  t.same(say(0, mac, 'to port 3'), ['c']);
  t.equal(bridge.macTable().length, 2);
});

t.test('the frame goes on as it is: the same bytes, the same FCS', async (t) => {
  const { wiring, say, stations } = lan();
  say(0, stations[1].nic.mac, 'x');
  const [into, ...out] = wiring.frames;
  t.same(
    out.map(({ from }) => from),
    ['sw:2', 'sw:3', 'sw:4'],
  );
  for (const frame of out) t.equal(frame.packet, into.packet);
});

t.test('unknown and broadcast addresses: all ports but the incoming one', async (t) => {
  const { say, stations, counters } = lan();
  t.same(say(0, stations[1].nic.mac, 'unknown'), ['b', 'c', 'd']);
  t.same(say(1, BROADCAST_MAC, 'broadcast'), ['a', 'c', 'd']);
  t.same(say(1, BROADCAST_MAC, 'again, though broadcasts were heard'), ['a', 'c', 'd']);
  t.same(say(2, 0x01005e000001, 'multicast'), ['a', 'b', 'd']);
  t.same(say(2, stations[0].nic.mac, 'known'), ['a']);
  t.equal(counters.get('switch.flooded'), 4);
  t.equal(counters.get('switch.forwarded'), 1);
});

t.test('an entry is forgotten when its address stays silent', async (t) => {
  const { wiring, say, stations, table } = lan(10_000);
  const [a] = stations;
  say(0, BROADCAST_MAC, 'hello');
  wiring.runSync(6_000);
  t.same(table(), ['02:00:00:00:00:0a 1 6000']);
  say(0, BROADCAST_MAC, 'still here');
  t.same(table(), ['02:00:00:00:00:0a 1 0'], 'each frame renews it');
  wiring.runSync(15_999);
  t.same(say(1, a.nic.mac, 'just known'), ['a']);
  wiring.runSync(16_000);
  t.same(table(), ['02:00:00:00:00:0b 2 1']);
  t.same(say(1, a.nic.mac, 'forgotten'), ['a', 'c', 'd']);
});

t.test('300 seconds unless told otherwise', async (t) => {
  const { wiring, say, table } = lan();
  say(0, BROADCAST_MAC, 'hello');
  wiring.runSync(299_999);
  t.equal(table().length, 1);
  wiring.runSync(300_000);
  t.equal(table().length, 0);
});

t.test('an address that turns up at another port moves there', async (t) => {
  const { wiring, body, say, stations, table, traced } = lan();
  say(0, BROADCAST_MAC, 'at port 1');
  // The same station, now plugged in where d was.
  body.receive(
    body.ports[3],
    packetOf({ dst: BROADCAST_MAC, src: stations[0].nic.mac, etherType: TEST_ETHERTYPE, payload: new Uint8Array(1) }),
    wiring.now,
  );
  wiring.runSync(wiring.now);
  t.same(table(), ['02:00:00:00:00:0a 4 0']);
  t.same(
    traced.map((detail) => (detail.event === 'mac-learned' ? detail.port : detail.event)),
    ['1', '4'],
  );
  t.same(say(1, stations[0].nic.mac, 'to a'), ['d'], 'only port 4 gets it');
});

t.test('never back out of the port that it came from', async (t) => {
  const { wiring, body, counters, say, stations } = lan();
  say(0, BROADCAST_MAC, 'hello');
  const sentBefore = wiring.frames.length;
  body.receive(
    body.ports[0],
    packetOf({ dst: stations[0].nic.mac, src: 0x0200000000aa, etherType: TEST_ETHERTYPE, payload: new Uint8Array(1) }),
    wiring.now,
  );
  t.equal(wiring.frames.length, sentBefore);
  t.equal(counters.get('switch.filtered'), 1);
});

t.test('group addresses are no sources, and reserved ones are not relayed', async (t) => {
  const { wiring, body, counters, table, say } = lan();
  body.receive(
    body.ports[0],
    packetOf({ dst: BROADCAST_MAC, src: BROADCAST_MAC, etherType: TEST_ETHERTYPE, payload: new Uint8Array(1) }),
    wiring.now,
  );
  const nobody = packetOf({ dst: BROADCAST_MAC, src: 0, etherType: TEST_ETHERTYPE, payload: new Uint8Array(1) });
  body.receive(body.ports[0], nobody, wiring.now);
  t.same(table(), []);
  t.equal(counters.get('switch.badSource'), 2);
  t.equal(body.ports[1].counters.framesOut, 0, 'as a Linux bridge: such frames go nowhere');
  t.same(say(0, 0x0180c2000000, 'spanning tree'), []);
  t.equal(counters.get('switch.reserved'), 1);
});

t.test('what is damaged is not relayed and nothing is learned from it', async (t) => {
  const { stations, say, table, body } = lan();
  stations[0].ports[0].setImpairment({ corrupt: 1 });
  t.same(say(0, BROADCAST_MAC, 'x'), []);
  t.same(table(), []);
  t.same(body.ports[0].counters.drops(), { badFcs: 1 });
});

t.test('a port that loses its carrier takes its addresses with it, and is not flooded', async (t) => {
  const { cables, say, stations, table, body } = lan();
  say(0, BROADCAST_MAC, 'hello');
  say(1, BROADCAST_MAC, 'hello too');
  cables[0].cut();
  t.same(table(), ['02:00:00:00:00:0b 2 0']);
  t.same(say(1, stations[0].nic.mac, 'anybody?'), ['c', 'd']);
  t.same(body.ports[0].counters.drops(), {});
  cables[0].restore();
  t.same(say(1, stations[0].nic.mac, 'anybody now?'), ['a', 'c', 'd']);
});

t.test('the table is bounded: a flood of addresses drives nobody out and goes on after ageing', async (t) => {
  const { wiring, body, bridge, counters, say, stations } = lan(60_000);
  const flood = (first: number, count: number) => {
    for (let i = first; i < first + count; i++) {
      const frame = { dst: stations[1].nic.mac, src: 0x040000000000 + i, etherType: TEST_ETHERTYPE };
      body.receive(body.ports[2], packetOf({ ...frame, payload: new Uint8Array(1) }), wiring.now);
    }
  };
  wiring.keepFrames = false;
  say(0, BROADCAST_MAC, 'hello');
  say(1, BROADCAST_MAC, 'hello');
  flood(0, MAX_MAC_ENTRIES + 100);
  t.equal(bridge.macTable().length, MAX_MAC_ENTRIES);
  t.equal(counters.get('switch.tableFull'), 102);
  t.same(say(1, stations[0].nic.mac, 'a is still known'), ['a']);
  wiring.runSync(60_000);
  flood(MAX_MAC_ENTRIES + 100, 1);
  t.equal(counters.get('switch.tableFull'), 102);
  t.equal(bridge.macTable().length, 1);
});

t.test('a port that is removed takes its addresses with it; one that is added is a port like all others', async (t) => {
  const { body, bridge, say, stations, table } = lan();
  say(2, BROADCAST_MAC, 'here');
  say(0, BROADCAST_MAC, 'here too');
  bridge.removePort(body.ports[2]);
  t.same(table(), [`${formatMac(stations[0].nic.mac)} 1 0`]);
  t.same(say(0, stations[2].nic.mac, 'to nobody'), ['b', 'd']);
  t.same(say(2, BROADCAST_MAC, 'from nobody'), []);
  bridge.addPort(body.ports[2]);
  t.same(say(2, BROADCAST_MAC, 'back again'), ['a', 'b', 'd']);
});
