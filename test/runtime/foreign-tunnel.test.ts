/** Tunnels to what is not ours: bare frames and VXLAN, on real sockets. */
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import type { TunnelConfig } from '../../devices/control.js';
import { Tunnel } from '../../devices/runtime/tunnel.js';
import { Timers } from '../../devices/stack/clock.js';
import { Port } from '../../devices/stack/link/port.js';
import { Random } from '../../devices/stack/random.js';
import { BROADCAST_MAC } from '../../devices/stack/wire/address.js';
import { concatBytes, toHex } from '../../devices/stack/wire/bytes.js';
import { emitEthernet, frameOf, MIN_FRAME_LENGTH, packetFromFrame } from '../../devices/stack/wire/ethernet.js';
import { crc32 } from '../../devices/stack/wire/fcs.js';
import { emitVxlan, parseVxlan } from '../../devices/stack/wire/vxlan.js';
import { TEST_ETHERTYPE } from '../support/port-node.js';
import { boundSocket, freeUdpPort, LOOPBACK } from '../support/udp-sockets.js';

const VNI = 42;

function frame(mark: number, length = 46): Uint8Array {
  const payload = new Uint8Array(length).fill(mark);
  return emitEthernet({ dst: BROADCAST_MAC, src: 0x020000000001, etherType: TEST_ETHERTYPE, payload });
}

class End {
  readonly port = new Port({ name: '1', random: new Random(1), timers: new Timers() });
  readonly tunnel: Tunnel;
  /** Frames of the sound packets, in hexadecimal. */
  readonly received: string[] = [];
  private woken: () => void = () => {};

  constructor(config: TunnelConfig) {
    this.tunnel = new Tunnel(config);
    this.port.onCarrier = () => this.woken();
    this.port.deliver = (packet) => this.received.push(toHex(frameOf(packet)));
  }

  async open(t: Test): Promise<this> {
    t.teardown(() => this.tunnel.close());
    await this.tunnel.bind();
    this.tunnel.plugInto(this.port, (port, packet) => {
      port.receive(packet);
      this.woken();
    });
    return this;
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.woken = resolve;
      });
    }
  }
}

async function withPeer(t: Test, encapsulation: 'udp' | 'vxlan'): Promise<{ end: End; peer: Socket; at: number }> {
  const peer = await boundSocket(t);
  const at = await freeUdpPort();
  const end = await new End({
    encapsulation,
    local: { address: LOOPBACK, port: at },
    remote: { address: LOOPBACK, port: peer.address().port },
    ...(encapsulation === 'vxlan' && { vni: VNI }),
  }).open(t);
  return { end, peer, at };
}

function say(socket: Socket, datagram: Uint8Array, port: number): Promise<void> {
  return new Promise((resolve) => socket.send(datagram, port, LOOPBACK, () => resolve()));
}

t.test('udp: a bare frame a datagram, nothing before the first one, no coalescing', async (t) => {
  const { end, peer } = await withPeer(t, 'udp');
  const heard: string[] = [];
  const three = new Promise<void>((resolve) =>
    peer.on('message', (datagram) => {
      heard.push(toHex(datagram));
      if (heard.length === 3) resolve();
    }),
  );
  for (const mark of [1, 2, 3]) end.port.send(packetFromFrame(frame(mark, 1500), crc32));
  await three;
  t.same(
    heard,
    [1, 2, 3].map((mark) => toHex(frame(mark, 1500))),
  );
  t.equal(end.tunnel.datagramsOut, 3);
});

t.test('udp: what is short is padded, what is padded stays, and the FCS is right', async (t) => {
  const { end, peer, at } = await withPeer(t, 'udp');
  const arp = frame(1).subarray(0, 42);
  await say(peer, arp, at);
  // VPCS pads its ARP to 64 bytes.
  await say(peer, concatBytes(arp, new Uint8Array(22)), at);
  await end.until(() => end.received.length === 2);
  t.same(end.received, [toHex(arp).padEnd(2 * MIN_FRAME_LENGTH, '0'), toHex(arp).padEnd(2 * 64, '0')]);
  t.same(end.port.counters.drops(), {});
});

t.test('udp: runts and giants are counted; the largest frame is none', async (t) => {
  const { end, peer, at } = await withPeer(t, 'udp');
  await say(peer, new Uint8Array(0), at);
  await say(peer, new Uint8Array(13), at);
  await say(peer, frame(1, 1501), at);
  await say(peer, new Uint8Array(9000), at);
  await say(peer, frame(2, 1500), at);
  await end.until(() => end.received.length === 1);
  t.equal(end.received[0], toHex(frame(2, 1500)));
  t.same(end.port.counters.drops(), { runt: 2, giant: 2 });
  t.equal(end.tunnel.datagramsIn, 5);
});

t.test('udp: the kernel refuses strangers', async (t) => {
  const { end, peer, at } = await withPeer(t, 'udp');
  const stranger = await boundSocket(t);
  await say(stranger, frame(66), at);
  await say(peer, frame(1), at);
  await end.until(() => end.received.length === 1);
  t.equal(end.received[0], toHex(frame(1)));
  t.equal(end.tunnel.datagramsIn, 1);
});

t.test('udp: a frame that an impairment has damaged does not come out as a sound one', async (t) => {
  const { end, peer } = await withPeer(t, 'udp');
  const heard = once(peer, 'message');
  end.port.setImpairment({ corrupt: 1 });
  end.port.send(packetFromFrame(frame(1), crc32));
  end.port.setImpairment({});
  end.port.send(packetFromFrame(frame(2), crc32));
  t.equal(toHex((await heard)[0]), toHex(frame(2)));
  t.same(end.port.counters.drops(), { badFcs: 1 });
});

t.test(
  'udp: no carrier while nobody is there; what is sent to find out is a whole frame that means nothing',
  async (t) => {
    const [here, there] = [await freeUdpPort(), await freeUdpPort()];
    const [local, remote] = [here, there].map((port) => ({ address: LOOPBACK, port }));
    const end = await new End({ encapsulation: 'udp', local, remote }).open(t);
    t.ok(end.port.carrier, 'nothing was sent, nothing refused');
    const awake = setInterval(() => {}, 1000);
    end.port.send(packetFromFrame(frame(1), crc32));
    await end.until(() => !end.port.carrier);
    const peer = await boundSocket(t, there);
    const [probe] = await once(peer, 'message');
    t.equal(toHex(probe), `0180c200000e02000000000088b5${'00'.repeat(46)}`);
    await end.until(() => end.port.carrier);
    clearInterval(awake);
  },
);

t.test('udp: two of our own', async (t) => {
  const [here, there] = [await freeUdpPort(), await freeUdpPort()];
  const [local, remote] = [here, there].map((port) => ({ address: LOOPBACK, port }));
  const a = await new End({ encapsulation: 'udp', local, remote }).open(t);
  a.port.send(packetFromFrame(frame(1), crc32));
  await a.until(() => !a.port.carrier);
  const b = await new End({ encapsulation: 'udp', local: remote, remote: local }).open(t);
  b.port.send(packetFromFrame(frame(2), crc32));
  await a.until(() => a.received.length === 1 && a.port.carrier);
  a.port.send(packetFromFrame(frame(3), crc32));
  await b.until(() => b.received.length === 1);
  t.same([a.received, b.received], [[toHex(frame(2))], [toHex(frame(3))]]);
  t.same(b.port.counters.drops(), {}, 'a probe is no frame');
});

t.test('vxlan: a header with the VNI before the frame, towards the one port', async (t) => {
  const { end, peer, at } = await withPeer(t, 'vxlan');
  end.port.send(packetFromFrame(frame(1, 100), crc32));
  const [datagram, from] = await once(peer, 'message');
  t.same(parseVxlan(datagram), { vni: VNI, frame: Buffer.from(frame(1, 100)) });
  t.equal(from.port, at);
});

t.test('vxlan: the peer may send from any port, but only from its address', async (t) => {
  const { end, at } = await withPeer(t, 'vxlan');
  const stranger = await boundSocket(t, 0, '127.0.0.2');
  const otherPort = await boundSocket(t);
  await say(stranger, emitVxlan({ vni: VNI, frame: frame(66) }), at);
  await say(otherPort, emitVxlan({ vni: VNI, frame: frame(1) }), at);
  await end.until(() => end.received.length === 1);
  t.equal(end.received[0], toHex(frame(1)));
  t.same(end.port.counters.drops(), { stranger: 1 });
  t.equal(end.tunnel.datagramsIn, 1);
});

t.test('vxlan: another VNI, a header cut short, one without VNI, a runt and a giant are counted', async (t) => {
  const { end, peer, at } = await withPeer(t, 'vxlan');
  const sound = emitVxlan({ vni: VNI, frame: frame(1) });
  const withoutVni = sound.slice();
  withoutVni[0] = 0;
  const wrong = [
    emitVxlan({ vni: VNI + 1, frame: frame(1) }),
    new Uint8Array(0),
    sound.subarray(0, 7),
    withoutVni,
    sound.subarray(0, 8 + 13),
    emitVxlan({ vni: VNI, frame: frame(1, 1501) }),
  ];
  for (const datagram of wrong) await say(peer, datagram, at);
  await say(peer, sound, at);
  await end.until(() => end.received.length === 1);
  t.same(end.port.counters.drops(), { wrongVni: 1, badEncapsulation: 3, runt: 1, giant: 1 });
});

t.test('vxlan: there is always a carrier', async (t) => {
  const [here, there] = [await freeUdpPort(), await freeUdpPort()];
  const [local, remote] = [here, there].map((port) => ({ address: LOOPBACK, port }));
  const a = await new End({ encapsulation: 'vxlan', vni: VNI, local, remote }).open(t);
  a.port.send(packetFromFrame(frame(1), crc32));
  const b = await new End({ encapsulation: 'vxlan', vni: VNI, local: remote, remote: local }).open(t);
  b.port.send(packetFromFrame(frame(2), crc32));
  await a.until(() => a.received.length === 1);
  t.ok(a.port.carrier);
  t.same(a.port.counters.drops(), {});
});

t.test('a socket that cannot be had is let go of', async (t) => {
  const taken = await boundSocket(t);
  const remote = { address: LOOPBACK, port: 9 };
  for (const encapsulation of ['udp', 'vxlan'] as const) {
    const tunnel = new Tunnel({ encapsulation, vni: 1, local: taken.address(), remote });
    await t.rejects(tunnel.bind(), { code: 'EADDRINUSE' });
    tunnel.close();
  }
  const nowhere = new Tunnel({ encapsulation: 'udp', local: { address: '192.0.2.1', port: 9999 }, remote });
  await t.rejects(nowhere.bind(), { code: 'EADDRNOTAVAIL' });
});
