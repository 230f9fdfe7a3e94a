/** How exactly a link's delay is kept: frames through one switch whose outgoing port delays, timed one by one. */
import { crc32 } from 'node:zlib';
import { packetFromFrame } from '../../devices/stack/wire/ethernet.js';
import { generateTopology } from '../../orchestrator/topology/index.js';
import { meanOf } from '../support/statistics.js';
import { BenchLab } from './bench-lab.js';
import { patternBytes, quantile, sleep } from './measure.js';
import type { Row } from './results.js';
import { WireEnd } from './wire-end.js';

const ASKED_MS = [0, 1, 5, 20] as const;
const FRAMES = 150;
/** Between frames: no whole multiple of a millisecond, so that every phase of a timer's grid is met. */
const GAP_MS = 7.37;
/** Until the switch knows that its links have carrier, and its start-up is over. */
const SETTLE_MS = 150;

export async function measureDelay(): Promise<Row[]> {
  const rows: Row[] = [];
  let without = 0;
  for (const asked of ASKED_MS) {
    const { times, cpuMs } = await timesWith(asked);
    if (asked === 0) {
      without = quantile(times, 0.5);
      rows.push({ what: 'no delay: median of the way itself', value: without, unit: 'ms' });
      continue;
    }
    const added = times.map((time) => time - without);
    rows.push(
      { what: `${asked} ms asked: mean`, value: meanOf(added), unit: 'ms', ratio: meanOf(added) / asked, of: 'asked' },
      { what: '  median', value: quantile(added, 0.5), unit: 'ms' },
      { what: '  99th percentile', value: quantile(added, 0.99), unit: 'ms' },
      { what: '  CPU of the switch a frame', value: (cpuMs * 1000) / FRAMES, unit: 'µs' },
    );
  }
  return rows;
}

/** How long each frame took from end to end. */
async function timesWith(delayMs: number): Promise<{ times: number[]; cpuMs: number }> {
  const lab = await BenchLab.up(generateTopology('star,2'), {
    without: ({ kind }) => kind === 'host',
    adapt: (config) =>
      config.kind === 'switch'
        ? { ...config, ports: config.ports.map((port) => ({ ...port, impairment: { delayMs } })) }
        : config,
  });
  const open = (host: string) => WireEnd.open(lab.tunnel(host).local, lab.tunnel(host).remote);
  const [left, right] = [await open('h1'), await open('h2')];
  await sleep(SETTLE_MS);
  try {
    const times: number[] = [];
    const sentAt = new Map<number, number>();
    right.onFrame = (packet) => {
      const number = packet[40] * 256 + packet[41];
      const at = sentAt.get(number);
      if (at !== undefined) times.push(performance.now() - at);
    };
    const before = await lab.cpuMs();
    let nextAt = performance.now();
    for (let number = 0; number < FRAMES; number++) {
      nextAt += GAP_MS;
      while (performance.now() < nextAt) await sleep(1);
      const frame = patternBytes(60);
      frame.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00]);
      frame.set([number >> 8, number & 255], 32);
      sentAt.set(number, performance.now());
      left.send(WireEnd.datagram(packetFromFrame(frame, crc32)));
    }
    await sleep(delayMs + 100);
    if (times.length < FRAMES) throw new Error(`only ${times.length} of ${FRAMES} frames came through`);
    return { times, cpuMs: (await lab.cpuMs()) - before };
  } finally {
    left.close();
    right.close();
    await lab.down();
  }
}
