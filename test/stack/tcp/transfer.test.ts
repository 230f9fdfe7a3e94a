import t from 'tap';
import type { Connection } from '../../../devices/stack/tcp/connection.js';
import { bytesOf, PEER, Pipe, type PipeOptions } from './harness.js';

/** Writes everything, then closes its direction. */
function feed(connection: Connection, bytes: Uint8Array): void {
  let at = 0;
  const write = () => {
    at += connection.send(bytes.subarray(at));
    if (at === bytes.length) connection.shutdown();
  };
  connection.handler = { ...connection.handler, onEstablished: write, onWritable: write };
  if (connection.state !== 'SYN_SENT') write();
}

interface Collected {
  bytes: Uint8Array;
  length: number;
  ended: boolean;
  closed: string | undefined;
}

function collect(connection: Connection, capacity: number): Collected {
  const result: Collected = { bytes: new Uint8Array(capacity), length: 0, ended: false, closed: undefined };
  connection.handler = {
    ...connection.handler,
    onReadable: () => {
      for (let chunk = connection.read(); chunk !== undefined; chunk = connection.read()) {
        result.bytes.set(chunk, result.length);
        result.length += chunk.length;
      }
    },
    onEnd: () => {
      result.ended = true;
    },
    onClosed: (error) => {
      result.closed = error?.code ?? 'orderly';
    },
  };
  return result;
}

/** Both directions at once; returns what arrived and the time it took. */
function exchange(options: PipeOptions, up: Uint8Array, down: Uint8Array) {
  const pipe = new Pipe(options);
  const listener = pipe.peer.tcp.listen({ address: 0, port: 80 });
  let arrivedUp: Collected | undefined;
  listener.onConnection = (connection) => {
    arrivedUp = collect(connection, up.length);
    feed(connection, down);
  };
  const client = pipe.here.tcp.connect({ remote: { address: PEER, port: 80 } });
  const arrivedDown = collect(client, down.length);
  feed(client, up);
  const done = pipe.run(() => arrivedDown.closed !== undefined && arrivedUp?.closed !== undefined);
  return { pipe, done, client, arrivedUp, arrivedDown };
}

for (const loss of [0, 0.01, 0.05, 0.1, 0.2, 0.3]) {
  t.test(`both directions arrive byte for byte with ${loss * 100} % loss`, async (t) => {
    const up = bytesOf(loss > 0.1 ? 60_000 : 300_000);
    const down = bytesOf(loss > 0.1 ? 80_000 : 500_000).reverse();
    const result = exchange({ seed: `lossy ${loss}`, loss, duplicate: loss / 2, reorder: loss }, up, down);
    t.ok(result.done, `ended after ${Math.round(result.pipe.timers.now)} ms, ${result.pipe.packets} packets`);
    t.ok(Buffer.from(result.arrivedUp?.bytes ?? []).equals(up));
    t.ok(Buffer.from(result.arrivedDown.bytes).equals(down));
    t.equal(result.arrivedUp?.closed, 'orderly');
    t.equal(result.arrivedDown.closed, 'orderly');
  });
}

t.test('the same seed gives the same packets', async (t) => {
  const packets = (seed: string): string => {
    const seen: string[] = [];
    const watch = (packet: { payload: Uint8Array }) => seen.push(Buffer.from(packet.payload).toString('hex'));
    exchange({ seed, loss: 0.1, duplicate: 0.1, reorder: 0.1, watch }, bytesOf(50_000), bytesOf(50_000));
    return seen.join('\n');
  };
  t.equal(packets('one'), packets('one'));
  t.not(packets('one'), packets('two'));
});

t.test('sequence numbers wrap in the middle of a transfer', async (t) => {
  const probe = new Pipe({ seed: 'wrap' });
  const { tcb } = probe.here.tcp.connect({ remote: { address: PEER, port: 80 } });
  // ISS advances by 250 a millisecond (RFC 6528): wait until it stands 100,000 bytes before the wrap.
  const waitMs = Math.floor(((0x100000000 - 100_000 - tcb.iss + 0x100000000) % 0x100000000) / 250);
  const up = bytesOf(400_000);
  const result = exchange({ seed: 'wrap', loss: 0.02, reorder: 0.02, startAt: waitMs }, up, bytesOf(10));
  t.ok(result.done);
  t.ok(Buffer.from(result.arrivedUp?.bytes ?? []).equals(up));
  t.ok(result.client.tcb.iss > 0xffff0000 - 100_000 && result.client.tcb.sndNxt < 400_000, 'it did wrap');
});

t.test('a program that reads slowly slows its peer down, and nothing is lost', async (t) => {
  const pipe = new Pipe({ seed: 'slow', loss: 0.02, context: { receiveBufferBytes: 8192 } });
  const data = bytesOf(120_000);
  const listener = pipe.peer.tcp.listen({ address: 0, port: 80 });
  const received: Uint8Array[] = [];
  let most = 0;
  let ended = false;
  listener.onConnection = (connection) => {
    connection.handler = {
      ...connection.handler,
      onEnd: () => {
        ended = true;
      },
    };
    const step = () => {
      most = Math.max(most, connection.readableBytes);
      const bytes = connection.read(700);
      if (bytes !== undefined) received.push(bytes);
      if (!ended || connection.readableBytes > 0) pipe.timers.after(30, step);
    };
    step();
  };
  const client = pipe.here.tcp.connect({ remote: { address: PEER, port: 80 } });
  feed(client, data);
  t.ok(pipe.run(() => ended && received.reduce((sum, bytes) => sum + bytes.length, 0) === data.length));
  t.ok(Buffer.concat(received).equals(data));
  t.ok(most <= 8192 + 2 * 1460, 'the window and two segments');
});

t.test('simultaneous close between two ends, also when the pipe loses', async (t) => {
  for (const loss of [0, 0.3]) {
    const pipe = new Pipe({ seed: `both ${loss}`, loss });
    const listener = pipe.peer.tcp.listen({ address: 0, port: 80 });
    const accepted: Connection[] = [];
    listener.onConnection = (connection) => accepted.push(connection);
    const client = pipe.here.tcp.connect({ remote: { address: PEER, port: 80 } });
    t.ok(pipe.run(() => accepted.length > 0 && client.state === 'ESTABLISHED'));
    client.shutdown();
    accepted[0].shutdown();
    t.ok(pipe.run(() => client.state === 'CLOSED' && accepted[0].state === 'CLOSED'));
    if (loss === 0) t.same(pipe.here.states.slice(2), ['FIN_WAIT1', 'CLOSING', 'TIME_WAIT', 'CLOSED']);
  }
});

t.test('half-close: a request that ends by FIN, then a long answer', async (t) => {
  const pipe = new Pipe({ seed: 'half', loss: 0.05 });
  const answer = bytesOf(200_000);
  const listener = pipe.peer.tcp.listen({ address: 0, port: 80 });
  listener.onConnection = (connection) => {
    connection.handler = { ...connection.handler, onEnd: () => feed(connection, answer) };
  };
  const client = pipe.here.tcp.connect({ remote: { address: PEER, port: 80 } });
  const arrived = collect(client, answer.length);
  feed(client, bytesOf('request'));
  t.ok(pipe.run(() => arrived.closed !== undefined));
  t.ok(Buffer.from(arrived.bytes).equals(answer));
  t.equal(arrived.closed, 'orderly');
});

t.test('window scaling and slow start fill a long pipe: 8 MiB over a round trip of 40 ms', async (t) => {
  const data = bytesOf(8 << 20);
  const result = exchange({ seed: 'long', delayMs: 20 }, data, bytesOf(1));
  t.ok(Buffer.from(result.arrivedUp?.bytes ?? []).equals(data));
  const bytesPerSecond = data.length / (result.pipe.timers.now / 1000);
  t.ok(bytesPerSecond > 5_000_000, `${Math.round(bytesPerSecond)} B/s of at most ${(262_144 / 40) * 1000}`);
  t.equal(result.pipe.here.counters.get('tcp.retransmissions'), 0);
});
