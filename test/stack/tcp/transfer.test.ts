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
  if (connection.state === 'ESTABLISHED') write();
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
  return { pipe, done, arrivedUp, arrivedDown };
}

for (const loss of [0, 0.01, 0.05, 0.1, 0.2, 0.3]) {
  t.test(`both directions arrive byte for byte with ${loss * 100} % loss`, async (t) => {
    const up = bytesOf(loss > 0.1 ? 60_000 : 300_000);
    const down = bytesOf(loss > 0.1 ? 80_000 : 500_000).reverse();
    const result = exchange({ seed: `loss ${loss}`, loss, duplicate: loss / 2, reorder: loss }, up, down);
    t.ok(result.done, `ended after ${Math.round(result.pipe.timers.now)} ms, ${result.pipe.packets} packets`);
    t.ok(Buffer.from(result.arrivedUp?.bytes ?? []).equals(up));
    t.ok(Buffer.from(result.arrivedDown.bytes).equals(down));
    t.equal(result.arrivedUp?.closed, 'orderly');
    t.equal(result.arrivedDown.closed, 'orderly');
    t.comment(`${Math.round(result.pipe.timers.now)} ms`, Object.fromEntries(result.pipe.here.counters.entries()));
  });
}
