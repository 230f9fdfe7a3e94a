/** Sockets as streams: pipes, iteration, encodings, corks, buffers, time-outs, half-open ends. */
import { once } from 'node:events';
import type net from 'node:net';
import { finished, PassThrough, Readable, Transform } from 'node:stream';
import { pipeline, finished as whenFinished } from 'node:stream/promises';
import { type Stage, sameStory } from '../../support/parity-stage.js';

/** Answers with what it gets. */
async function echoing(stage: Stage, options: Parameters<Stage['join']>[1] = {}): Promise<[net.Socket, net.Socket]> {
  const server = await stage.listen({ allowHalfOpen: true });
  const [client, peer] = await stage.join(server, options);
  peer.pipe(peer);
  return [client, peer];
}

const shout = () =>
  new Transform({
    transform: (chunk, _encoding, callback) => callback(null, String(chunk).toUpperCase()),
  });

await sameStory('pipeline into a socket and out of it', async (stage) => {
  const [client] = await echoing(stage);
  const received = new PassThrough();
  const both = Promise.all([pipeline(Readable.from(['one ', 'two ']), shout(), client), pipeline(client, received)]);
  await both.then(stage.told('client', 'pipelines') as () => void, stage.told('client', 'pipelines'));
  stage.note('client', String(received.read()));
});

await sameStory('a pipeline that is broken off destroys its sockets', async (stage) => {
  const [client] = await echoing(stage);
  const broken = new Transform({ transform: (_chunk, _encoding, callback) => callback(new Error('torn')) });
  client.write('x');
  await pipeline(client, broken).catch(stage.told('client', 'pipeline'));
});

await sameStory('pipe and unpipe', async (stage) => {
  const [client, peer] = await echoing(stage);
  client.write('one');
  await once(client, 'data');
  peer.unpipe();
  client.write('two');
  await stage.roundTrip();
  peer.pipe(peer);
  await once(client, 'data');
  client.end();
  await once(client, 'close');
});

await sameStory('async iteration to the end', async (stage) => {
  const [client] = await echoing(stage);
  client.end('question');
  let text = '';
  for await (const chunk of client) text += chunk;
  stage.note('client', text);
});

await sameStory('async iteration that is left destroys the socket', async (stage) => {
  const [client] = await echoing(stage);
  client.write('question');
  for await (const chunk of client) {
    stage.note('client', String(chunk));
    break;
  }
  stage.note('client', `destroyed: ${client.destroyed}`);
});

await sameStory('async iteration over what is reset', async (stage) => {
  const server = await stage.listen();
  const [client, peer] = await stage.join(server);
  const reading = (async () => {
    for await (const chunk of client) stage.note('client', String(chunk));
  })().catch(stage.told('client', 'iteration'));
  peer.resetAndDestroy();
  await reading;
});

for (const how of ['end()', 'destroy()', 'destroy(error)', 'resetAndDestroy()']) {
  await sameStory(`stream.finished after ${how}`, async (stage) => {
    const server = await stage.listen({ allowHalfOpen: true });
    const [client, peer] = await stage.join(server, { allowHalfOpen: true });
    for (const [who, socket] of [
      ['client', client],
      ['peer', peer],
    ] as const) {
      finished(socket, stage.told(who, 'finished'));
      finished(socket, { readable: false }, stage.told(who, 'finished writing'));
      finished(socket, { writable: false }, stage.told(who, 'finished reading'));
      socket.resume();
    }
    peer.on('end', () => peer.end());
    if (how === 'end()') client.end('x');
    else if (how === 'destroy()') client.destroy();
    else if (how === 'destroy(error)') client.destroy(new Error('boom'));
    else client.resetAndDestroy();
    await whenFinished(client).catch(() => {});
  });
}

await sameStory(
  'characters of several bytes, cut anywhere',
  async (stage) => {
    const server = await stage.listen();
    const [client, peer] = await stage.join(server);
    let text = '';
    client.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
    const bytes = Buffer.from('Zürich – 日本 – 🌍');
    for (let at = 0; at < bytes.length; at++) {
      peer.write(bytes.subarray(at, at + 1));
      await stage.roundTrip();
    }
    peer.end();
    await once(client, 'close');
    stage.note('client', text);
  },
  { dataAnywhere: true },
);

await sameStory('encodings of what is written', async (stage) => {
  const server = await stage.listen();
  const [client, peer] = await stage.join(server);
  const chunks: Buffer[] = [];
  peer.on('data', (chunk: Buffer) => chunks.push(chunk));
  client.setDefaultEncoding('latin1');
  client.write('\u00e4');
  client.write('00ff', 'hex');
  client.write('AP8=', 'base64', stage.told('client', 'base64'));
  client.write('\u00e4', 'utf8');
  client.write('\u00e4', 'utf16le');
  client.end('\u00e4', 'ascii', stage.told('client', 'ascii'));
  await once(peer, 'end');
  stage.note('peer', Buffer.concat(chunks).toString('hex'));
});

await sameStory('corked writes go out together', async (stage) => {
  const server = await stage.listen();
  const [client, peer] = await stage.join(server);
  client.cork();
  client.cork();
  for (const word of ['one', 'two', 'three']) client.write(word, stage.told('client', word));
  stage.note(
    'client',
    `corked ${client.writableCorked}, waiting ${client.writableLength}, written ${client.bytesWritten}`,
  );
  await stage.roundTrip();
  stage.note('peer', `got ${peer.bytesRead}`);
  client.uncork();
  await stage.roundTrip();
  client.uncork();
  const [chunk] = (await once(peer, 'data')) as [Buffer];
  stage.note('peer', String(chunk));
  client.cork();
  client.end('four');
  await once(client, 'finish');
});

await sameStory('writes of mixed kinds while it connects', async (stage) => {
  const server = await stage.listen();
  server.on('connection', (peer) => stage.watch('peer', peer).resume());
  const client = stage.connect(server);
  for (let n = 0; n < 5; n++) {
    client.write('text', stage.told('client', `text ${n}`));
    client.write(Buffer.from('bytes'), stage.told('client', `bytes ${n}`));
    client.write('', stage.told('client', `nothing ${n}`));
  }
  stage.note('client', `waiting ${client.writableLength}, written ${client.bytesWritten}, size ${client.bufferSize}`);
  client.end(stage.told('client', 'end'));
  await once(client.resume(), 'close');
});

for (const highWaterMark of [1, 10, 1000]) {
  await sameStory(`a high-water mark of ${highWaterMark}`, async (stage) => {
    const server = await stage.listen({ highWaterMark });
    const [client, peer] = await stage.join(server, { highWaterMark });
    stage.note('client', `${client.readableHighWaterMark} ${client.writableHighWaterMark}`);
    stage.note('peer', `${peer.readableHighWaterMark} ${peer.writableHighWaterMark}`);
    for (const length of [0, 1, 9, 10, 11, 999, 1000, 1001]) {
      const more = client.write(Buffer.alloc(length), stage.told('client', `write ${length}`));
      stage.note('client', `write ${length}: ${more} ${client.writableNeedDrain} ${client.writableLength}`);
      if (!more) await once(client, 'drain');
    }
    client.end();
    await once(peer.resume(), 'end');
    stage.note('peer', `read ${peer.bytesRead}`);
  });
}

await sameStory('read(n) and unshift()', async (stage) => {
  const server = await stage.listen();
  const [client, peer] = await stage.join(server);
  const ending = once(client, 'end');
  peer.end('abcdefghij');
  await stage.roundTrip();
  await stage.roundTrip();
  await once(client, 'readable');
  const pieces: string[] = [];
  const take = (size?: number) => pieces.push(String(client.read(size)));
  take(3);
  client.unshift(Buffer.from('XY'));
  take(4);
  take(100);
  take();
  take();
  await ending;
  stage.note('client', pieces.join('|'));
});

await sameStory(
  'paused from the start, resumed, paused, resumed',
  async (stage) => {
    const server = await stage.listen({ pauseOnConnect: true });
    const [client, peer] = await stage.join(server);
    client.write('one');
    await stage.roundTrip();
    stage.note('peer', `read ${peer.bytesRead}, paused ${peer.isPaused()}`);
    peer.on('data', () => peer.pause());
    await stage.roundTrip();
    peer.resume();
    await once(peer, 'pause');
    client.end('two');
    await stage.roundTrip();
    stage.note('peer', `read at least ${Math.min(peer.bytesRead, 3)}`);
    peer.resume();
    await once(peer, 'pause');
    peer.resume();
    await once(peer, 'close');
  },
  { withoutSizes: true },
);

for (const [atClient, atServer] of [
  [false, false],
  [false, true],
  [true, false],
  [true, true],
]) {
  await sameStory(
    `half-open at the client: ${atClient}, at the server: ${atServer}; the client ends`,
    async (stage) => {
      const server = await stage.listen({ allowHalfOpen: atServer });
      const [client, peer] = await stage.join(server, { allowHalfOpen: atClient });
      client.resume();
      peer.resume();
      client.end('question');
      await once(peer, 'end');
      await stage.roundTrip();
      stage.note('peer', `after the end: ${peer.readyState}`);
      if (peer.writable) peer.end('answer');
      await stage.quiet();
    },
  );
  await sameStory(
    `half-open at the client: ${atClient}, at the server: ${atServer}; the server ends`,
    async (stage) => {
      const server = await stage.listen({ allowHalfOpen: atServer });
      const [client, peer] = await stage.join(server, { allowHalfOpen: atClient });
      client.resume();
      peer.resume();
      peer.end('greeting');
      await once(client, 'end');
      await stage.roundTrip();
      stage.note('client', `after the end: ${client.readyState}`);
      if (client.writable) client.end('answer');
      await stage.quiet();
    },
  );
  await sameStory(
    `half-open at the client: ${atClient}, at the server: ${atServer}; both end at once`,
    async (stage) => {
      const server = await stage.listen({ allowHalfOpen: atServer });
      const [client, peer] = await stage.join(server, { allowHalfOpen: atClient });
      client.resume();
      peer.resume();
      client.end('x');
      peer.end('y');
      await Promise.all([once(client, 'close'), once(peer, 'close')]);
    },
    { dataAnywhere: true },
  );
}

await sameStory('an end that nobody reads', async (stage) => {
  const server = await stage.listen();
  const [client, peer] = await stage.join(server);
  peer.end('unread');
  await stage.quiet();
  stage.note('client', `${client.readableLength} ${client.readyState}`);
  client.resume();
  await once(client, 'close');
});

await sameStory('time-outs by option, by call, and none after the end', async (stage) => {
  const server = await stage.listen();
  const [client, peer] = await stage.join(server, { timeout: 30 });
  stage.note('client', `timeout ${client.timeout}`);
  await once(client, 'timeout');
  const listener = () => stage.note('client', 'listener called');
  client.setTimeout(20, listener);
  await once(client, 'timeout');
  client.setTimeout(20, listener);
  client.setTimeout(0, listener);
  client.setTimeout(10);
  await once(client, 'timeout');
  peer.setTimeout(5);
  peer.destroy();
  await once(client.resume(), 'close');
});

await sameStory('a time-out while it connects is an event, no more', async (stage) => {
  const server = await stage.listen();
  const client = stage.connect(server, { timeout: 1000 });
  await once(client, 'connect');
  client.destroy();
  await once(client, 'close');
  stage.note('client', `timeout ${client.timeout}`);
});

await sameStory('the same socket connects again', async (stage) => {
  const server = await stage.listen();
  server.on('connection', (peer) => peer.end('hello'));
  const client = stage.socket();
  for (let round = 0; round < 3; round++) {
    stage.note('client', `--- round ${round}`);
    client.connect((server.address() as net.AddressInfo).port, stage.host);
    client.resume();
    await once(client, 'close');
  }
});

await sameStory('connect() from within its own close', async (stage) => {
  const server = await stage.listen();
  server.on('connection', (peer) => peer.end('hello'));
  const client = stage.connect(server);
  client.resume();
  await new Promise<void>((resolve) => {
    client.once('close', () => {
      client.connect((server.address() as net.AddressInfo).port, stage.host);
      client.resume();
      client.once('close', () => resolve());
    });
  });
});
