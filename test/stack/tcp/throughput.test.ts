/** Two stacks on one line without losses, in virtual time: does one connection fill it? */
import t from 'tap';
import type { Connection } from '../../../devices/stack/tcp/connection.js';
import { MAX_RECEIVE_BUFFER_BYTES } from '../../../devices/stack/tcp/receiving/receive-autotuning.js';
import { MAX_SEND_BUFFER_BYTES } from '../../../devices/stack/tcp/sending/send-autotuning.js';
import { StackNode, type StackNodeOptions } from '../../support/stack-node.js';
import { Wiring } from '../../support/wiring.js';

interface Line {
  readonly mbps: number;
  readonly rttMs: number;
  /** How long a packet may wait at most. */
  readonly queueMs?: number;
}

const CHUNK = new Uint8Array(65_536);

/** Sends for `seconds`; the bytes that arrive in each second. */
function transfer(
  line: Line,
  seconds: number,
  tcp?: StackNodeOptions['tcp'],
): { perSecond: number[]; sender: Connection; receiver: Connection } {
  const { mbps, rttMs, queueMs = rttMs } = line;
  const queueBytes = Math.max(65_536, (mbps * 1e6 * queueMs) / 8000);
  const impairment = { delayMs: rttMs / 2, rateBps: mbps * 1e6, queueBytes };
  const wiring = new Wiring();
  wiring.keepFrames = false;
  const a = wiring.attach(new StackNode({ name: 'a', addresses: ['10.0.0.1/24'], impairment, tcp }));
  const b = wiring.attach(new StackNode({ name: 'b', addresses: ['10.0.0.2/24'], impairment, tcp }));
  wiring.link('a:eth0', 'b:eth0', { delayMs: 0 });
  let receiver: Connection | undefined;
  let received = 0;
  b.call(wiring.now, ({ tcp }) => {
    tcp.listen({ address: 0, port: 80 }).onConnection = (connection) => {
      receiver = connection;
      const onReadable = () => {
        for (let bytes = connection.read(); bytes !== undefined; bytes = connection.read()) received += bytes.length;
      };
      connection.handler = { ...connection.handler, onReadable };
    };
  });
  const sender = a.call(wiring.now, ({ tcp }) => tcp.connect({ remote: { address: b.address(), port: 80 } }));
  const fill = () => {
    while (sender.send(CHUNK) === CHUNK.length);
  };
  sender.handler = { ...sender.handler, onEstablished: fill, onWritable: fill };
  const perSecond: number[] = [];
  for (let second = 1; second <= seconds; second++) {
    const before = received;
    wiring.runSync(second * 1000);
    perSecond.push(received - before);
  }
  return { perSecond, sender, receiver: receiver as Connection };
}

/** What 1,448 bytes of data in a packet of 1,514 bytes, preamble and FCS leave of a line's rate: bytes a second. */
function goodputOf({ mbps }: Line): number {
  return ((mbps * 1e6) / 8) * (1448 / (1514 + 12));
}

/** `shares`: of the line's goodput, at least, second by second. The window that overruns the queue comes later. */
const lines: readonly (Line & { readonly shares: readonly number[] })[] = [
  { mbps: 50, rttMs: 20, shares: [0.85, 0.99] },
  { mbps: 50, rttMs: 20, queueMs: 10.5, shares: [0.85, 0.99] },
  { mbps: 200, rttMs: 80, shares: [0.3, 0.9, 0.97] },
];

for (const line of lines) {
  t.test(`${line.mbps} Mbit/s, ${line.rttMs} ms, a queue of ${line.queueMs ?? line.rttMs} ms`, async (t) => {
    const { perSecond, sender, receiver } = transfer(line, line.shares.length);
    const shares = perSecond.map((bytes) => bytes / goodputOf(line));
    t.comment(shares.map((share) => share.toFixed(3)).join(' '));
    for (const [second, least] of line.shares.entries())
      t.ok(shares[second] >= least, `second ${second + 1}: ${least}`);
    t.ok(sender.sender.buffer.limit <= MAX_SEND_BUFFER_BYTES);
    t.ok(receiver.window.limit <= MAX_RECEIVE_BUFFER_BYTES);
    t.equal(receiver.readableBytes, 0);
  });
}

t.test('a fixed window of 32 KiB is used in full: one window a round trip', async (t) => {
  const { perSecond } = transfer({ mbps: 100, rttMs: 100 }, 4, { receiveBufferBytes: 32_768, sendBufferBytes: 65_536 });
  const perRound = perSecond[3] / 10;
  t.ok(perRound > 0.97 * 32_768 * (100 / 100.3), `${perRound} bytes a round trip`);
});
