/** Ten megabytes through the mini-internet on the manual clock: clean, and over a link that does all it can against it. */
import t from 'tap';
import type { FileStore } from '../../devices/apps/machine.js';
import type { InterfaceRow } from '../../devices/control.js';
import { diskFiles } from '../../devices/runtime/files.js';
import { Random } from '../../devices/stack/random.js';
import { factsOf } from '../e2e/sites.js';
import { shippedWorld, tracedBy } from './shipped-world.js';

const URL = 'http://www.server.com/big.bin';
const random = new Random('ten megabytes');
const BIG = new Uint8Array(Uint32Array.from({ length: 2_500_000 }, () => random.uint32()).buffer);

/** The shipped sites, and one file more. */
const files: FileStore = {
  read: async (path, root) =>
    path.endsWith('/www.server.com/big.bin')
      ? { bytes: BIG, modifiedMs: Date.UTC(2026, 0, 1) }
      : diskFiles.read(path, root),
};

t.test('10 MB arrive byte-exact', async (t) => {
  const world = shippedWorld('mini-internet', { files });
  world.keepFrames = false;
  t.teardown(() => world.stop());
  await world.configured();
  const result = await world.fetch('client', { url: URL });
  t.match(result, { ok: true, status: 200, resources: [factsOf(BIG)] });
  t.equal(tracedBy(world, 'web', 'tcp-retransmit').length, 0, 'nothing is sent twice where nothing is lost');
});

t.test('10 MB arrive byte-exact with 5 % loss, reordering and duplication', async (t) => {
  const world = shippedWorld('mini-internet', {
    files,
    edit: (text) =>
      text.replace(
        '- web -- server-switch:3',
        '- {loss: 5%, reorder: 5%, reorderDelay: 3ms, duplicate: 2%, link: web -- server-switch:3}',
      ),
  });
  world.keepFrames = false;
  t.teardown(() => world.stop());
  await world.configured();
  const result = await world.fetch('client', { url: URL });
  t.match(result, { ok: true, status: 200, resources: [factsOf(BIG)] });

  const retransmissions = tracedBy(world, 'web', 'tcp-retransmit').length;
  t.ok(retransmissions > 100, `${retransmissions} retransmissions`);
  const [{ drops, framesOut }] = world.machine('web').inspect('interfaces') as InterfaceRow[];
  const lost = (drops.impairmentLoss ?? 0) / framesOut;
  t.ok(0.03 < lost && lost < 0.07, `the link lost ${(lost * 100).toFixed(1)} % of ${framesOut} frames`);
});
