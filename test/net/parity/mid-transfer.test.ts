/** Sockets let go while megabytes are under way, by their writer or their reader: both ends tell what Node's tell. */
import { once } from 'node:events';
import type net from 'node:net';
import { pipeline } from 'node:stream/promises';
import { NODE_VERSION, type Stage, sameStory } from '../../support/parity-stage.js';

/** More than all buffers take, of the kernel's loopback too. */
const MUCH = Buffer.alloc(24 << 20, 'much');

const ACTS: Readonly<Record<string, (socket: net.Socket, stage: Stage, who: string) => void>> = {
  'destroy()': (socket) => socket.destroy(),
  'destroy(error)': (socket) => socket.destroy(new Error('boom')),
  'destroySoon()': (socket) => socket.destroySoon(),
  'resetAndDestroy()': (socket) => socket.resetAndDestroy(),
  'end()': (socket, stage, who) => socket.end(stage.told(who, 'end callback')),
  'pause()': (socket) => socket.pause(),
};

/** A writer in the middle of its transfer, its reader paused. */
async function stuck(stage: Stage, allowHalfOpen: boolean): Promise<{ writer: net.Socket; reader: net.Socket }> {
  const server = await stage.listen({ allowHalfOpen, pauseOnConnect: true });
  const [writer, reader] = await stage.join(server, { allowHalfOpen }, ['writer', 'reader']);
  // Node 20 tells the write under way nothing when its socket is destroyed; later versions cancel it.
  const told = NODE_VERSION < 22 ? stage.told('writer', 'write callback') : () => {};
  stage.note('writer', `write gives ${writer.write(MUCH, told)}`);
  await stage.roundTrip();
  return { writer, reader };
}

for (const allowHalfOpen of [false, true]) {
  const suffix = allowHalfOpen ? ', half-open allowed' : '';
  for (const name of Object.keys(ACTS)) {
    await sameStory(
      `the writer: ${name}${suffix}`,
      async (stage) => {
        const { writer, reader } = await stuck(stage, allowHalfOpen);
        const drained = once(writer, 'drain').catch(() => {});
        ACTS[name](writer, stage, 'writer');
        await stage.roundTrip();
        reader.on('end', () => reader.end()).resume();
        writer.resume();
        await (name === 'pause()' ? drained : stage.closed(reader));
      },
      { withoutSizes: true, shot: name === 'resetAndDestroy()' ? 'reader' : undefined },
    );
    await sameStory(
      `the reader, paused: ${name}${suffix}`,
      async (stage) => {
        const { writer, reader } = await stuck(stage, allowHalfOpen);
        const gone = Promise.race([stage.closed(writer), once(writer, 'end').catch(() => {})]);
        ACTS[name](reader, stage, 'reader');
        writer.resume();
        if (/destroy/i.test(name) || name === 'end()') await gone;
      },
      { withoutSizes: true, shot: /destroy/i.test(name) ? 'writer' : undefined },
    );
    await sameStory(
      `the reader, reading: ${name}${suffix}`,
      async (stage) => {
        const { writer, reader } = await stuck(stage, allowHalfOpen);
        const gone = Promise.race([stage.closed(writer), once(writer, 'end').catch(() => {})]);
        reader.once('data', () => ACTS[name](reader, stage, 'reader')).resume();
        writer.resume();
        if (/destroy/i.test(name) || name === 'end()') await gone;
      },
      { withoutSizes: true, dataAnywhere: true, shot: /destroy/i.test(name) ? 'writer' : undefined },
    );
  }
}

await sameStory(
  'a pipeline whose reader goes',
  async (stage) => {
    const server = await stage.listen({ allowHalfOpen: true });
    const [client, peer] = await stage.join(server);
    const source = async function* () {
      for (;;) yield MUCH.subarray(0, 1 << 20);
    };
    const failed = pipeline(source, client).then(
      () => stage.note('client', 'pipeline ended'),
      ({ code }) =>
        stage.note(
          'client',
          `pipeline failed: ${['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE'].includes(code)}`,
        ),
    );
    peer.once('data', () => peer.resetAndDestroy());
    await failed;
  },
  { withoutSizes: true, shot: 'client' },
);
