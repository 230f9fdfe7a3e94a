/** What a stranger can make a machine keep: everything has a bound, and what was given up leaves nothing behind. */
import t from 'tap';
import { Timers } from '../../devices/stack/clock.js';
import { ChunkQueue } from '../../devices/stack/tcp/receiving/chunk-queue.js';
import { Reassembly } from '../../devices/stack/tcp/receiving/reassembly.js';

t.test('cleared deadlines do not pile up', async (t) => {
  const timers = new Timers();
  const kept = timers.after(60_000, () => {});
  for (let i = 0; i < 10_000; i++) timers.after(30_000, () => {}).clear();
  t.ok(timers.size < 200, `${timers.size} entries`);
  t.equal(timers.nextAt(), 60_000);
  t.equal(kept.armed, true);
});

t.test('TCP: single bytes from the last to the first cost neither memory nor time out of proportion', async (t) => {
  const count = 20_000;
  const reassembly = new Reassembly();
  const startedAt = performance.now();
  for (let seq = count; seq >= 1; seq--) reassembly.insert(seq, Uint8Array.of(seq));
  const queue = new ChunkQueue();
  reassembly.deliver(1, queue);
  t.ok(performance.now() - startedAt < 1000);
  t.equal(queue.length, count);
  const blocks = new Set<ArrayBufferLike>();
  for (let seq = 1; seq <= count; seq++) {
    const byte = queue.take(1);
    if (byte?.[0] !== (seq & 255)) throw new Error(`byte ${seq} is wrong`);
    blocks.add(byte.buffer);
  }
  const memory = [...blocks].reduce((sum, block) => sum + block.byteLength, 0);
  t.ok(memory < 8 * count, `${memory} bytes of memory`);
});
