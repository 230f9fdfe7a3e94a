import t from 'tap';
import { type CapturedFrame, decodeCapture, type RpcPeer } from '../../devices/control.js';
import { CaptureHub } from '../../devices/runtime/capture.js';
import type { Port } from '../../devices/stack/link/port.js';
import { BROADCAST_MAC } from '../../devices/stack/wire/address.js';
import { compileFilter, isFilterError } from '../../devices/stack/wire/filter/filter.js';
import { packetOf } from '../support/packets.js';
import { PortNode, TEST_ETHERTYPE } from '../support/port-node.js';

const PACKET = packetOf({ dst: BROADCAST_MAC, src: 2, etherType: TEST_ETHERTYPE, payload: new Uint8Array(46) });

class Client implements RpcPeer {
  backlogBytes = 0;
  messages = 0;
  readonly frames: CapturedFrame[] = [];
  readonly told: [string, object][] = [];
  private onNews: () => void = () => {};
  private readonly closers: (() => void)[] = [];

  notify(method: string, params: object): void {
    this.told.push([method, params]);
    this.onNews();
  }

  async nextNews(): Promise<[string, object] | undefined> {
    await new Promise<void>((resolve) => {
      this.onNews = resolve;
    });
    return this.told.at(-1);
  }

  sendBinary(bytes: Uint8Array): void {
    this.messages += 1;
    this.frames.push(...decodeCapture(bytes));
  }

  onBinary(): void {}

  terminate(): void {}

  onClose(run: () => void): void {
    this.closers.push(run);
  }

  leave(): void {
    for (const run of this.closers) run();
  }

  get seen(): string[] {
    return this.frames.map((frame) => `${frame.interfaceIndex} ${frame.direction} ${frame.dropped}`.trimEnd());
  }
}

function bench(): { hub: CaptureHub; node: PortNode; ports: readonly Port[] } {
  const node = new PortNode('sw', ['1', '2']);
  const describe = ({ name, link }: Port) => ({ device: 'sw', port: name, link, mac: '', addresses: [] });
  return { hub: new CaptureHub(node.ports, describe), node, ports: node.ports };
}

t.test('all frames of one turn come in one message, the dropped ones with their reason', async (t) => {
  const { hub, node, ports } = bench();
  const client = new Client();
  const { interfaces } = hub.start(client);
  t.same(
    interfaces.map(({ port }) => port),
    ['1', '2'],
  );
  node.timers.advance(12.5);
  ports[0].receive(PACKET);
  ports[1].send(PACKET);
  ports[1].receive(PACKET.subarray(0, 20));
  t.equal(client.messages, 0);
  await new Promise(setImmediate);
  t.equal(client.messages, 1);
  t.same(client.seen, ['0 in', '1 out', '1 in runt']);
  t.same(client.frames[0], { interfaceIndex: 0, at: 12.5, direction: 'in', dropped: '', fault: '', packet: PACKET });
});

t.test('what is captured is a copy', async (t) => {
  const { hub, ports } = bench();
  const client = new Client();
  hub.start(client);
  const packet = PACKET.slice();
  ports[0].send(packet);
  packet.fill(0);
  hub.stop(client);
  t.same(client.frames[0].packet, PACKET);
});

t.test('stopping sends what is pending, and unsets the taps when nobody is left', async (t) => {
  const { hub, ports } = bench();
  const [one, two] = [new Client(), new Client()];
  hub.start(one);
  t.match(hub.start(two, { ports: ['2'] }), { interfaces: [{ port: '2' }] });
  ports[0].send(PACKET);
  ports[1].send(PACKET);
  t.same(hub.stop(one), { missed: 0, filtered: 0 });
  t.same(one.seen, ['0 out', '1 out']);
  t.notOk(ports[0].tapped);
  t.ok(ports[1].tapped);
  two.leave();
  t.same(two.seen, ['0 out'], 'a port that was not asked for is not shown, and has no number');
  t.notOk(ports[1].tapped);
  t.same(hub.stop(two), { missed: 0, filtered: 0 });
});

t.test('a client that does not keep up misses frames, and is told how many', async (t) => {
  const { hub, ports } = bench();
  const client = new Client();
  hub.start(client);
  client.backlogBytes = 65 * 1024 * 1024;
  ports[0].send(PACKET);
  ports[0].send(PACKET);
  await new Promise(setImmediate);
  client.backlogBytes = 0;
  ports[0].send(PACKET);
  t.same(hub.stop(client), { missed: 2, filtered: 0 });
  t.same(client.seen, ['0 out']);
});

t.test('of a port whose other end is captured too, only what leaves', async (t) => {
  const { hub, ports } = bench();
  const client = new Client();
  hub.start(client, { outOnly: ['1'] });
  for (const port of ports) {
    port.receive(PACKET);
    port.send(PACKET);
  }
  // The answer of a fault in the place of the receiver: it has never left there.
  ports[0].accept(PACKET, 'fault-1: SERVFAIL');
  hub.stop(client);
  t.same(client.seen, ['0 out', '1 in', '1 out', '0 in']);
  t.match(client.frames.at(-1), { fault: 'fault-1: SERVFAIL' });
});

t.test('what does not match the filter stays here and is counted', async (t) => {
  const { hub, ports } = bench();
  const client = new Client();
  const filter = compileFilter('frame.interface_name == "sw:1" and frame.drop_reason == "runt"');
  if (isFilterError(filter)) throw new Error(filter.message);
  hub.start(client, { filter });
  for (const port of ports) {
    port.receive(PACKET);
    port.receive(PACKET.subarray(0, 20));
  }
  t.same(await client.nextNews(), ['capture-totals', { missed: 0, filtered: 3 }], 'and soon told');
  t.same(hub.stop(client), { missed: 0, filtered: 3 });
  t.same(client.seen, ['0 in runt']);
});

t.test('a port that comes while captures run: those that want it are told, and see its frames', async (t) => {
  const { hub } = bench();
  const [all, named, other] = [new Client(), new Client(), new Client()];
  t.equal(hub.start(all).interfaces.length, 2);
  t.equal(hub.start(named, { ports: ['2', '9'] }).interfaces.length, 1);
  hub.start(other, { ports: ['1'] });
  const [late] = new PortNode('sw', ['9']).ports;
  hub.attached(late);
  const described = { device: 'sw', port: '9', link: '', mac: '', addresses: [] };
  t.same(all.told, [['capture-interface', { interfaceIndex: 2, interface: described }]]);
  t.same(named.told, [['capture-interface', { interfaceIndex: 1, interface: described }]]);
  t.same(other.told, []);
  late.send(PACKET);
  t.match(hub.start(other), { interfaces: [{ port: '1' }, { port: '2' }, { port: '9' }] }, 'and who asks later');

  hub.detached(late);
  t.notOk(late.tapped, 'a port that goes has no tap any more');
  late.send(PACKET);
  const [again] = new PortNode('sw', ['9']).ports;
  hub.attached(again);
  again.receive(PACKET);
  for (const client of [all, named]) hub.stop(client);
  t.same(all.seen, ['2 out', '3 in'], 'a number is not given twice');
  t.same(named.seen, ['1 out', '2 in']);
});
