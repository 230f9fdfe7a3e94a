import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { Tunnel } from '../../devices/runtime/tunnel.js';
import { Timers } from '../../devices/stack/clock.js';
import { Port } from '../../devices/stack/link/port.js';
import { Random } from '../../devices/stack/random.js';
import { BROADCAST_MAC } from '../../devices/stack/wire/address.js';
import { readRecords, recordLength, writeRecord } from '../../devices/stack/wire/native.js';
import { packetOf } from '../support/packets.js';
import { TEST_ETHERTYPE } from '../support/port-node.js';
import { boundSocket, freeUdpPort, LOOPBACK } from '../support/udp-sockets.js';

function packet(mark: number, length = 46): Uint8Array {
  const payload = new Uint8Array(length).fill(mark);
  return packetOf({ dst: BROADCAST_MAC, src: 0x020000000001, etherType: TEST_ETHERTYPE, payload });
}

/** The byte that the payload is filled with. */
const markOf = (bytes: Uint8Array) => bytes[30];

class End {
  readonly port = new Port({ name: 'eth0', random: new Random(1), timers: new Timers() });
  readonly tunnel: Tunnel;
  readonly local: number;
  readonly received: number[] = [];
  private woken: () => void = () => {};

  constructor(localPort: number, remotePort: number) {
    this.local = localPort;
    const config = {
      encapsulation: 'native' as const,
      local: { address: LOOPBACK, port: localPort },
      remote: { address: LOOPBACK, port: remotePort },
    };
    this.port.onCarrier = () => this.woken();
    this.tunnel = new Tunnel(config);
  }

  async open(): Promise<void> {
    await this.tunnel.bind();
    this.tunnel.plugInto(this.port, (_port, bytes) => {
      this.received.push(markOf(bytes));
      this.woken();
    });
  }

  /** Resolves when the condition holds; it is tried after each packet and each change of the carrier. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.woken = resolve;
      });
    }
  }
}

async function openEnd(t: Test, localPort: number, remotePort: number): Promise<End> {
  const end = new End(localPort, remotePort);
  t.teardown(() => end.tunnel.close());
  await end.open();
  return end;
}

async function pair(t: Test): Promise<[End, End]> {
  const [a, b] = [await freeUdpPort(), await freeUdpPort()];
  const ends: [End, End] = [await openEnd(t, a, b), await openEnd(t, b, a)];
  // The refusal of the first one's sign of life comes before this.
  ends[1].port.send(packet(0));
  await ends[0].until(() => ends[0].received.length === 1 && ends[0].port.carrier);
  ends[0].received.length = 0;
  return ends;
}

/** A tunnel whose other end is a bare socket. */
async function withSocket(t: Test): Promise<{ end: End; peer: Socket }> {
  const peer = await boundSocket(t);
  const end = await openEnd(t, await freeUdpPort(), peer.address().port);
  const [hello] = await once(peer, 'message');
  t.equal(hello.length, 0, 'the first datagram is the sign of life');
  return { end, peer };
}

t.test('frames of one turn of the event loop ride in one datagram', async (t) => {
  const { end, peer } = await withSocket(t);
  const sent = [1, 2, 3].map((mark) => packet(mark));
  for (const one of sent) end.port.send(one);
  const [datagram] = await once(peer, 'message');
  const marks: number[] = [];
  t.ok(readRecords(datagram, (record) => marks.push(markOf(record))));
  t.same(marks, [1, 2, 3]);
  t.equal(end.tunnel.datagramsOut, 1);
  end.port.send(packet(4));
  const [next] = await once(peer, 'message');
  t.equal(next.length, recordLength(packet(4)), 'a lone frame waits for no others');
  t.equal(end.tunnel.datagramsOut, 2);
});

t.test('a turn with more than a datagram holds makes several, with no frame cut', async (t) => {
  const [a, b] = await pair(t);
  const count = 100;
  for (let mark = 0; mark < count; mark++) a.port.send(packet(mark, 1500));
  await b.until(() => b.received.length === count);
  t.same(
    b.received,
    Array.from({ length: count }, (_, mark) => mark),
  );
  t.equal(a.tunnel.datagramsOut, 3, '42 full frames of 1528 bytes fit into 65,507');
  t.equal(b.tunnel.datagramsIn, 3);
  t.same(b.port.counters.drops(), {});
});

t.test('what a stranger sends is not delivered', async (t) => {
  const { end, peer } = await withSocket(t);
  const stranger = await boundSocket(t);
  const port = end.local;
  const datagram = new Uint8Array(recordLength(packet(66)));
  writeRecord(datagram, 0, packet(66));
  await new Promise((resolve) => stranger.send(datagram, port, LOOPBACK, resolve));
  writeRecord(datagram, 0, packet(1));
  peer.send(datagram, port, LOOPBACK);
  await end.until(() => end.received.length > 0);
  t.same(end.received, [1]);
  t.equal(end.tunnel.datagramsIn, 1);
});

t.test('of a datagram that ends within a record the whole ones are delivered, and the rest is counted', async (t) => {
  const { end, peer } = await withSocket(t);
  const port = end.local;
  const one = packet(7);
  const datagram = new Uint8Array(2 * recordLength(one));
  writeRecord(datagram, writeRecord(datagram, 0, one), one);
  peer.send(datagram.subarray(0, datagram.length - 5), port, LOOPBACK);
  peer.send(Uint8Array.of(0, 0), port, LOOPBACK);
  peer.send(datagram.subarray(0, recordLength(one)), port, LOOPBACK);
  await end.until(() => end.received.length === 2);
  t.same(end.received, [7, 7]);
  t.same(end.port.counters.drops(), { badRecord: 2 });
});

t.test('while the peer is absent there is no carrier; it is back once the peer is there', async (t) => {
  const [here, there] = [await freeUdpPort(), await freeUdpPort()];
  const end = await openEnd(t, here, there);
  await end.until(() => !end.port.carrier);
  end.port.send(packet(1));
  t.same(end.port.counters.drops(), { noCarrier: 1 });
  const peer = await openEnd(t, there, here);
  await end.until(() => end.port.carrier);
  t.ok(peer.port.carrier);
  end.port.send(packet(2));
  await peer.until(() => peer.received.length > 0);
  t.same(peer.received, [2]);
});

t.test('a peer that says nothing is found by the probes', async (t) => {
  const [here, there] = [await freeUdpPort(), await freeUdpPort()];
  const end = await openEnd(t, here, there);
  await end.until(() => !end.port.carrier);
  await boundSocket(t, there);
  // The probes do not hold a process: here nothing else does.
  const awake = setInterval(() => {}, 1000);
  await end.until(() => end.port.carrier);
  clearInterval(awake);
  t.ok(end.port.carrier);
});

t.test('a peer that ends takes the carrier along, and brings it back when it starts again', async (t) => {
  const [end, first] = await pair(t);
  first.tunnel.close();
  end.port.send(packet(1));
  await end.until(() => !end.port.carrier);
  const second = await openEnd(t, first.local, end.local);
  await end.until(() => end.port.carrier);
  end.port.send(packet(2));
  await second.until(() => second.received.length > 0);
  t.same(second.received, [2]);
});

t.test('a local port that is taken is told by the code of the system', async (t) => {
  const taken = await boundSocket(t);
  const end = new End(taken.address().port, await freeUdpPort());
  t.teardown(() => end.tunnel.close());
  await t.rejects(end.open(), { code: 'EADDRINUSE' });
});

t.test('what was sent before the close still leaves; after it nothing does', async (t) => {
  const { end, peer } = await withSocket(t);
  end.port.send(packet(9));
  end.tunnel.close();
  end.tunnel.close();
  end.port.send(packet(10));
  const [datagram] = await once(peer, 'message');
  t.equal(datagram.length, recordLength(packet(9)));
  t.equal(end.tunnel.datagramsOut, 1);
});
