/** Each kind of device, pelted with damaged frames. `make soak` throws a million at each. */
import t from 'tap';
import { FRAME_TARGETS, pelt } from './pelting.js';

const FRAMES = Number(process.env.FUZZ_RUNS ?? 200) * 50;

for (const target of FRAME_TARGETS) {
  t.test(`${FRAMES} damaged frames: ${target}`, async (t) => {
    const { grownBytes } = await pelt(target, FRAMES);
    t.pass(`the memory grew by ${grownBytes} bytes`);
  });
}
