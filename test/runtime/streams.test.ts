/** Connections that a device opens for its clients: real control sockets, two hosts, no processes. */
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { RPC_INVALID_PARAMS, STREAM_WINDOW_BYTES } from '../../devices/control.js';
import { MAX_STREAM_BACKLOG_BYTES } from '../../devices/runtime/streams.js';
import { DeviceStream } from '../../orchestrator/lab/device-stream.js';
import { RpcClient } from '../../orchestrator/lab/rpc-client.js';
import { BytePattern } from '../support/byte-pattern.js';
import { A_ADDRESS, B_ADDRESS } from '../support/real-time-pair.js';
import { StreamingDevice } from '../support/streaming-device.js';

const ECHO = 7;
const MEGABYTE = 1_000_000;
const PATTERN = new BytePattern('streams');

/** Until its end. Node's own consumers would destroy the stream then, the other direction with it. */
async function buffer(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(stream, 'end');
  return Buffer.concat(chunks);
}

async function text(stream: Readable): Promise<string> {
  return (await buffer(stream)).toString();
}

function bytePattern(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; ) at += Buffer.from(PATTERN.at(at, length - at)).copy(bytes, at);
  return bytes;
}

t.test('bytes both ways, each end in its own time', async (t) => {
  const device = await StreamingDevice.start(t, { [ECHO]: (socket) => socket.pipe(socket) });
  const stream = await DeviceStream.open(device.control, { host: 'server', port: ECHO });
  t.match(stream, { local: new RegExp(`^${A_ADDRESS}:\\d+$`), remote: `${B_ADDRESS}:${ECHO}` });
  const sent = bytePattern(5 * MEGABYTE);
  const closed = once(stream, 'close');
  stream.end(sent);
  t.ok((await buffer(stream)).equals(sent), '5 MB come back as they were sent');
  await closed;
});

t.test('the peer may end first, and still hears what is said then', async (t) => {
  const heard = new Promise<string>((resolve) => {
    StreamingDevice.start(t, {
      80: (socket) => {
        socket.end('good day');
        text(socket).then(resolve);
      },
    }).then(async ({ control }) => {
      const stream = await DeviceStream.open(control, { host: B_ADDRESS, port: 80 });
      t.equal(await text(stream), 'good day');
      stream.write('and ');
      stream.end('good night');
    });
  });
  t.equal(await heard, 'and good night');
});

t.test('the first words of a peer that speaks at once are not lost', async (t) => {
  const device = await StreamingDevice.start(t, { 22: (socket) => socket.end('SSH-2.0-ours') });
  const words = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const stream = await DeviceStream.open(device.control, { host: 'server', port: 22 });
      return text(stream.end());
    }),
  );
  t.same(new Set(words), new Set(['SSH-2.0-ours']));
});

t.test('a stream that is not read holds its peer back, and nothing grows', async (t) => {
  const device = await StreamingDevice.start(t, { 19: (socket) => socket.end(bytePattern(20 * MEGABYTE)) });
  const stream = await DeviceStream.open(device.control, { host: 'server', port: 19 });
  // Until nothing moves any more: all buffers on the way are full.
  const taken = () => device.pair.a.stack.tcp.sockets().reduce((sum, { bytesReceived }) => sum + bytesReceived, 0);
  for (let before = -1; before < 1 || taken() > before; await delay(100)) before = taken();
  t.ok(device.peers[0].backlogBytes < 2 * MAX_STREAM_BACKLOG_BYTES, `${device.peers[0].backlogBytes} bytes wait`);
  const rest = await buffer(stream.end());
  t.ok(rest.equals(bytePattern(20 * MEGABYTE)), 'once it is read, all of it comes');
});

t.test('a peer that does not read holds the stream back', async (t) => {
  const device = await StreamingDevice.start(t, { 9: (socket) => socket.pause() });
  const stream = await DeviceStream.open(device.control, { host: 'server', port: 9 });
  const piece = Buffer.alloc(64 * 1024);
  let accepted = 0;
  // An emulated connection takes some megabytes before its window closes.
  while (stream.write(piece) || (await Promise.race([once(stream, 'drain'), delay(500, undefined)])) !== undefined) {
    accepted += piece.length;
    if (accepted > 40 * MEGABYTE) break;
  }
  t.ok(accepted < 20 * MEGABYTE, `${accepted} bytes were taken before it had to wait`);

  t.comment('and is noticed by its peer when it goes, full as it is');
  stream.destroy();
  const peer = await device.firstAccepted();
  peer.resume();
  await once(peer, 'end');
  t.pass('it has heard the end');
});

t.test('who sends more than there is room for is shown the door', async (t) => {
  const device = await StreamingDevice.start(t, { 9: (socket) => socket.pause() });
  const client = await RpcClient.connect(device.control);
  const closed = new Promise<void>((resolve) => {
    client.onClose = resolve;
  });
  await client.call('stream-open', { host: 'server', port: 9 });
  client.sendBinary(Buffer.alloc(STREAM_WINDOW_BYTES + 1));
  await closed;
  t.pass('closed');
});

t.test('a connection that breaks breaks the stream, with the reason', async (t) => {
  const device = await StreamingDevice.start(t, {
    80: (socket) => socket.once('data', () => socket.resetAndDestroy()),
  });
  const stream = await DeviceStream.open(device.control, { host: 'server', port: 80 });
  stream.write('hello');
  const [error] = await once(stream, 'error');
  t.match(error, { code: 'ECONNRESET', fault: { stage: 'tcp' } });
});

t.test('a client that leaves closes its connection, also one that is being opened', async (t) => {
  const device = await StreamingDevice.start(t, { [ECHO]: (socket) => socket.pipe(socket) });
  const stream = await DeviceStream.open(device.control, { host: 'server', port: ECHO });
  const peer = await device.firstAccepted();
  stream.destroy();
  await once(peer, 'end');

  const impatience = new AbortController();
  const opening = DeviceStream.open(device.control, { host: 'nobody', port: 80 }, impatience.signal);
  impatience.abort(new Error('no patience'));
  await t.rejects(opening, { message: 'no patience' });
  while (device.pair.a.stack.tcp.sockets().some(({ state }) => state === 'SYN_SENT')) await delay(5);
});

t.test('what cannot be connected is said with code and stage', async (t) => {
  const device = await StreamingDevice.start(t);
  const open = (host: string, port: number, timeoutMs?: number) =>
    DeviceStream.open(device.control, { host, port, timeoutMs });
  await t.rejects(open('server', 81), {
    code: 'ECONNREFUSED',
    message: `connect ECONNREFUSED ${B_ADDRESS}:81`,
    fault: { stage: 'tcp', address: B_ADDRESS },
  });
  await t.rejects(open('no.such.name', 80), { code: 'EAI_AGAIN', fault: { stage: 'dns' } });
  await t.rejects(open('nobody', 80, 50), { code: 'ETIMEDOUT', fault: { stage: 'arp', address: '10.0.0.77' } });
  await t.rejects(open('::1', 80), { code: 'EAFNOSUPPORT' });
  await t.rejects(open('198.51.100.1', 80), { code: 'ENETUNREACH', fault: { stage: 'routing' } });
});

t.test('wrong params, and a second stream on one connection, are refused', async (t) => {
  const device = await StreamingDevice.start(t, { [ECHO]: (socket) => socket.pipe(socket) });
  const client = await RpcClient.connect(device.control);
  t.teardown(() => client.terminate());
  const wrong = [{}, { host: 'server' }, { host: '', port: 1 }, { host: 'server', port: 0 }, { host: 1, port: 80 }];
  for (const params of wrong) await t.rejects(client.call('stream-open', params), { code: RPC_INVALID_PARAMS });
  await client.call('stream-open', { host: 'server', port: ECHO });
  await t.rejects(client.call('stream-open', { host: 'server', port: ECHO }), { code: RPC_INVALID_PARAMS });
});

t.test('names are looked up by the device', async (t) => {
  const device = await StreamingDevice.start(t);
  const client = await RpcClient.connect(device.control);
  t.teardown(() => client.terminate());
  t.same(await client.call('resolve', { name: 'SERVER' }), {
    name: 'SERVER',
    canonicalName: 'SERVER',
    addresses: [B_ADDRESS],
    source: 'hosts',
  });
  await t.rejects(client.call('resolve', { name: 'no.such.name' }), { code: -32000, data: { code: 'EAI_AGAIN' } });
  await t.rejects(client.call('resolve'), { code: RPC_INVALID_PARAMS });
});

t.test('two hundred at once', async (t) => {
  const device = await StreamingDevice.start(t, { [ECHO]: (socket) => socket.pipe(socket) });
  const sent = bytePattern(50_000);
  const answers = await Promise.all(
    Array.from({ length: 200 }, async () => {
      const stream = await DeviceStream.open(device.control, { host: 'server', port: ECHO });
      stream.end(sent);
      return await buffer(stream);
    }),
  );
  t.ok(answers.every((answer) => answer.equals(sent)));
});

t.test('when the device ends, its streams break', async (t) => {
  const device = await StreamingDevice.start(t, { [ECHO]: (socket) => socket.pipe(socket) });
  const stream = await DeviceStream.open(device.control, { host: 'server', port: ECHO });
  device.stop();
  const [error] = await once(stream, 'error');
  t.match(error, { code: 'ECONNRESET' });
});
