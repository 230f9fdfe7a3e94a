/** Frames through a row of switch processes, and datagrams through a row of processes that only pass them on. */
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { packetFromFrame } from '../../devices/stack/wire/ethernet.js';
import { findFreePorts } from '../../orchestrator/lab/udp-ports.js';
import { generateTopology } from '../../orchestrator/topology/index.js';
import { BenchLab } from './bench-lab.js';
import { type HelperProcess, startHelper } from './helper-process.js';
import { patternBytes, sleep } from './measure.js';
import type { Row } from './results.js';
import { flow, WireEnd } from './wire-end.js';

const SWITCHES = 5;
const FLOW_MS = 2000;
const WINDOW = 512;
const SIZES = [
  ['small', 60],
  ['full', 1514],
] as const;

export async function measureChain(): Promise<Row[]> {
  const bare = await bareChain();
  const lab = await BenchLab.up(generateTopology(`linear,${SWITCHES}`), { without: ({ kind }) => kind === 'host' });
  const [left, right] = await Promise.all(
    ['h1', `h${SWITCHES}`].map(async (host) => {
      const { local, remote } = lab.tunnel(host);
      return WireEnd.open(local, remote);
    }),
  );
  const middle = `s${Math.ceil(SWITCHES / 2)}`;
  try {
    const rows: Row[] = [];
    // So that the switches know where it goes; and time for the first compilation.
    right.send(WireEnd.datagram(testFrame(60, 'to the left')));
    await flow(left, right, testFrame(60), FLOW_MS / 2, WINDOW);
    for (const [size, bytes] of SIZES) {
      const before = await totals(lab, middle);
      const { framesPerSecond, lost } = await flow(left, right, testFrame(bytes), FLOW_MS, WINDOW);
      const after = await totals(lab, middle);
      rows.push({
        what: `${size} frames through ${SWITCHES} switches`,
        value: framesPerSecond,
        unit: 'frames/s',
        ratio: framesPerSecond / bare[size],
        of: 'bare processes, a frame a datagram',
      });
      rows.push({
        what: '  frames a datagram, in the middle',
        value: (after.frames - before.frames) / (after.datagrams - before.datagrams),
        unit: '',
      });
      rows.push({ what: '  lost', value: lost * 100, unit: '%' });
    }
    return rows;
  } finally {
    left.close();
    right.close();
    await lab.down();
  }
}

async function totals(lab: BenchLab, device: string): Promise<{ frames: number; datagrams: number }> {
  const rows = await lab.interfaces(device);
  const sum = (value: (row: (typeof rows)[number]) => number) => rows.reduce((total, row) => total + value(row), 0);
  return { frames: sum(({ framesOut }) => framesOut), datagrams: sum(({ datagramsOut }) => datagramsOut) };
}

function testFrame(bytes: number, direction: 'to the right' | 'to the left' = 'to the right'): Uint8Array {
  const frame = patternBytes(bytes);
  const [to, from] = direction === 'to the right' ? [2, 1] : [1, 2];
  frame.set([2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from, 0x08, 0x00]);
  return packetFromFrame(frame, crc32);
}

/** Frames a second by size. */
async function bareChain(): Promise<Record<(typeof SIZES)[number][0], number>> {
  const base = await findFreePorts(`bench-${process.pid}-bare`, 2 * SWITCHES + 2);
  const at = (port: number) => ({ address: '127.0.0.1', port });
  const program = fileURLToPath(new URL('./bare-forwarder.js', import.meta.url));
  const helpers: HelperProcess[] = [];
  const [first, last] = [base, base + 2 * SWITCHES + 1];
  for (let i = 0; i < SWITCHES; i++) {
    const ports = [first + 2 * i + 1, first + 2 * i + 2, first + 2 * i + 3];
    helpers.push(await startHelper([program, ...ports.map(String)]));
  }
  const left = await WireEnd.open(at(first), at(first + 1));
  const right = await WireEnd.open(at(last), at(last - 1));
  try {
    await flow(left, right, testFrame(60), FLOW_MS / 4, WINDOW);
    await sleep(100);
    const small = await flow(left, right, testFrame(60), FLOW_MS / 2, WINDOW);
    const full = await flow(left, right, testFrame(1514), FLOW_MS / 2, WINDOW);
    return { small: small.framesPerSecond, full: full.framesPerSecond };
  } finally {
    left.close();
    right.close();
    await Promise.all(helpers.map((helper) => helper.close()));
  }
}
