/** What CoDel is for: a bulk transfer through a slow link with a long queue, on the manual clock, by our own TCP. */
import t from 'tap';
import type { Impairment } from '../../devices/stack/link-settings.js';
import type { TcpSettings } from '../../devices/stack/stack.js';
import { StackNode } from '../support/stack-node.js';
import { Wiring } from '../support/wiring.js';

const RATE_BPS = 10e6;
const RTT_MS = 40;
const SECONDS = 10;
const CHUNK = new Uint8Array(65_536);

interface Seen {
  /** Mean over the time after the start. */
  readonly rttMs: number;
  /** Share of the link's bits that went over it meanwhile. */
  readonly busy: number;
  readonly drops: Record<string, number>;
  readonly retransmissions: number;
}

function transfer(queue: Impairment, tcp?: TcpSettings): Seen {
  const wiring = new Wiring();
  wiring.keepFrames = false;
  const impairment = { rateBps: RATE_BPS, delayMs: RTT_MS / 2, ...queue };
  const a = wiring.attach(new StackNode({ name: 'a', addresses: ['10.0.0.1/24'], impairment, tcp }));
  const b = wiring.attach(new StackNode({ name: 'b', addresses: ['10.0.0.2/24'], impairment, tcp }));
  wiring.link('a:eth0', 'b:eth0', { delayMs: 0 });
  b.call(wiring.now, ({ tcp }) => {
    tcp.listen({ address: 0, port: 80 }).onConnection = (connection) => {
      const onReadable = () => {
        while (connection.read() !== undefined);
      };
      connection.handler = { ...connection.handler, onReadable };
    };
  });
  const sender = a.call(wiring.now, ({ tcp }) => tcp.connect({ remote: { address: b.address(), port: 80 } }));
  const fill = () => {
    while (sender.send(CHUNK) === CHUNK.length);
  };
  sender.handler = { ...sender.handler, onEstablished: fill, onWritable: fill };
  const rtts: number[] = [];
  let bytesBefore = 0;
  const startMs = 4000;
  for (let at = 100; at <= SECONDS * 1000; at += 100) {
    wiring.runSync(at);
    if (at === startMs) bytesBefore = a.ports[0].counters.bytesOut;
    if (at > startMs) rtts.push(sender.sender.flight.rtt.smoothedMs);
  }
  const bits = (a.ports[0].counters.bytesOut - bytesBefore) * 8;
  return {
    rttMs: rtts.reduce((sum, rtt) => sum + rtt, 0) / rtts.length,
    busy: bits / (RATE_BPS * (SECONDS - startMs / 1000)),
    drops: a.ports[0].counters.drops(),
    retransmissions: a.traced.filter(({ event }) => event === 'tcp-retransmit').length,
  };
}

t.test('the round trip stays near that of the empty link, and the link stays busy', async (t) => {
  const tail = transfer({});
  const codel = transfer({ queueDiscipline: 'codel' });
  t.ok(tail.rttMs > RTT_MS + 80, `${tail.rttMs} ms with 256 KiB that are always full`);
  t.ok(codel.rttMs < RTT_MS + 20, `${codel.rttMs} ms with CoDel`);
  t.ok(codel.busy > 0.85, `${codel.busy} of the link is used`);
  t.ok((codel.drops.codel ?? 0) > 0 && codel.retransmissions >= (codel.drops.codel ?? 0), 'it says so by drops');
});

t.test('senders that know ECN are told by marks, and send nothing twice', async (t) => {
  const marked = transfer({ queueDiscipline: 'codel', codelEcn: true }, { ecn: 'request' });
  t.ok(marked.rttMs < RTT_MS + 20, `${marked.rttMs} ms`);
  t.ok(marked.busy > 0.85, `${marked.busy} of the link is used`);
  t.same([marked.drops, marked.retransmissions], [{}, 0]);
});
