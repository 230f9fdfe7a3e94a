import t from 'tap';
import { PROTOCOL_TCP } from '../../../devices/stack/wire/ipv4.js';
import { emitTcp, SYN, type TcpSegment } from '../../../devices/stack/wire/tcp.js';
import { ipv4Of } from '../../support/packets.js';
import { echoRequest, ip, ipv4, StackBench, udp } from '../../support/stack-bench.js';

function host(): StackBench {
  const bench = new StackBench({ eth0: '10.0.0.1/24' });
  for (const address of ['10.0.0.2', '10.0.0.3']) bench.knows('eth0', address);
  return bench;
}

/** Identification and don't-fragment of what was sent since the last look. */
function named(bench: StackBench): [number, boolean][] {
  return bench.packets().map((packet) => {
    const header = ipv4Of(packet);
    return [header?.identification ?? -1, header?.dontFragment ?? false];
  });
}

t.test('answers to one peer are counted, those to another do not show in it', async (t) => {
  const bench = host();
  bench.hears('eth0', echoRequest('10.0.0.2', '10.0.0.1'));
  const [[first, dontFragment]] = named(bench);
  t.equal(dontFragment, false);
  for (let times = 0; times < 5; times++) bench.hears('eth0', echoRequest('10.0.0.3', '10.0.0.1'));
  const others = named(bench).map(([identification]) => identification);
  t.same(
    others.map((each) => (each - others[0]) & 0xffff),
    [0, 1, 2, 3, 4],
  );
  t.not((others[0] - first) & 0xffff, 1);
  bench.hears('eth0', echoRequest('10.0.0.2', '10.0.0.1'));
  t.equal(named(bench)[0][0], (first + 1) & 0xffff);
  bench.wait(4000);
  bench.hears('eth0', echoRequest('10.0.0.2', '10.0.0.1'));
  const jump = (named(bench)[0][0] - first - 1) & 0xffff;
  t.ok(jump >= 1 && jump <= 1000, 'goes on by chance while it rests');
});

t.test('datagrams and pings that fit have don’t-fragment, and are counted; larger ones go in fragments', async (t) => {
  const bench = host();
  const endpoint = bench.stack.udp.bind({ address: 0, port: 5000 });
  const send = (length: number) => endpoint.send(new Uint8Array(length), { address: ip('10.0.0.2'), port: 9 });
  send(1472);
  bench.ping('10.0.0.2');
  bench.ping('10.0.0.2', { dontFragment: true });
  const [datagram, ping, never] = named(bench);
  t.equal(datagram[1] && ping[1], true);
  t.same(never, [0, true], 'what must not be cut has no number');
  send(1473);
  const pieces = named(bench);
  t.equal(pieces[0][0], (datagram[0] + 1) & 0xffff);
  t.equal(pieces.length, 2);
  t.same(new Set(pieces.map(([identification]) => identification)).size, 1);
  t.same(
    pieces.map(([, dontFragment]) => dontFragment),
    [false, false],
  );
  bench.hears('eth0', udp('10.0.0.2:9', '10.0.0.1:5001', new Uint8Array(1)));
  t.equal(named(bench)[0][1], false, 'errors may be fragmented');
});

t.test('TCP: resets and SYN-ACKs have no number, a connection counts its own segments', async (t) => {
  const bench = host();
  const { stack } = bench;
  const syn = (dstPort: number) => {
    const segment: TcpSegment = {
      ...{ srcPort: 9, dstPort, seq: 1, ack: 0, flags: SYN, window: 1000, urgentPointer: 0 },
      ...{ options: {}, payload: new Uint8Array(0) },
    };
    const payload = emitTcp(segment, ip('10.0.0.2'), ip('10.0.0.1'));
    bench.hears('eth0', ipv4('10.0.0.2', '10.0.0.1', { protocol: PROTOCOL_TCP, payload }));
  };
  syn(80);
  t.same(named(bench), [[0, true]], 'a reset');
  stack.tcp.listen({ address: 0, port: 80 });
  syn(80);
  t.same(named(bench), [[0, true]], 'a SYN-ACK');
  stack.perform(bench.timers.now, () => stack.tcp.connect({ remote: { address: ip('10.0.0.2'), port: 80 } }));
  const [[first, dontFragment]] = named(bench);
  t.equal(dontFragment, true);
  bench.wait(1000);
  t.same(
    named(bench)
      .map(([identification]) => identification)
      .at(-1),
    (first + 1) & 0xffff,
  );
});
