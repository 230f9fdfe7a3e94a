/** The impaired links of `make bench-tcp`: which ones there are, and a lab around each. */
import { parseTopology, type Topology } from '../../../orchestrator/topology/index.js';

export interface Cell {
  readonly name: string;
  /** Per cent, of each direction. */
  readonly loss: number;
  /** Mean length of a run of losses; 1: each by itself. */
  readonly burst: number;
  readonly rttMs: number;
  readonly mbps: number;
}

const LOSSES: readonly Pick<Cell, 'loss' | 'burst'>[] = [
  { loss: 1, burst: 1 },
  { loss: 3, burst: 1 },
  { loss: 1, burst: 5 },
];

function cell(loss: number, burst: number, rttMs: number, mbps: number): Cell {
  const bursts = burst > 1 ? ` in bursts of ${burst}` : '';
  return { name: `${loss} %${bursts}, ${rttMs} ms, ${mbps} Mbit/s`, loss, burst, rttMs, mbps };
}

export const CELLS: readonly Cell[] = LOSSES.flatMap(({ loss, burst }) =>
  [20, 80].flatMap((rttMs) => [50, 200].map((mbps) => cell(loss, burst, rttMs, mbps))),
);

/** Nothing is lost but by the queue: what link and machine carry at most. */
export const CEILINGS: readonly Cell[] = [cell(0, 1, 20, 50), cell(0, 1, 20, 200), cell(0, 1, 80, 200)];

/** Bytes that may wait at the bottleneck: as many as are on the way in one round trip. */
export function queueBytesOf({ mbps, rttMs }: Cell): number {
  return (mbps * 1e6 * rttMs) / 8000;
}

/** What one transfer came to. */
export interface Measured {
  /** Bits a second of data. */
  readonly rate: number;
  /** The mean of the sender's smoothed round trip: that of the link, what waits in its queue, and what processes add. */
  readonly rttMs: number;
}

/** How something that is not ours is plugged in: the outer addresses of a vxlan tunnel, ours first. */
export interface Outside {
  readonly vni: number;
  readonly local: string;
  readonly remote: string;
}

export const VXLAN_PORT = 4790;

/** Two switches with the link between; `a` and `b` at either, or two ends that are not ours. */
export function topologyOf(cell: Cell, seed: number, outside?: readonly [Outside, Outside]): Topology {
  const { loss, burst, rttMs, mbps } = cell;
  const impairments = [
    `delay: ${rttMs / 2}ms`,
    `rate: ${mbps}Mbit`,
    `queue: ${queueBytesOf(cell)}B`,
    ...(loss > 0 ? [`loss: ${loss}%`] : []),
    ...(burst > 1 ? [`lossBurst: ${burst}`] : []),
  ];
  const ends = (outside ?? [undefined, undefined]).map((end, index) => {
    const port = `sw${index + 1}:2`;
    if (end === undefined) return `  - ${index === 0 ? 'a' : 'b'}:eth0 -- ${port}`;
    const { vni, local, remote } = end;
    const addresses = `local: ${local}:${VXLAN_PORT}, remote: ${remote}:${VXLAN_PORT}`;
    return `  - {link: ${port}, external: {encap: vxlan, vni: ${vni}, ${addresses}}}`;
  });
  const hosts = [
    '  a: {kind: host, address: 10.0.0.1/24}',
    '  b: {kind: host, address: 10.0.0.2/24, services: [iperf]}',
  ];
  const lines = [
    `seed: ${seed}`,
    'devices:',
    '  sw1: switch',
    '  sw2: switch',
    ...(outside === undefined ? hosts : []),
    'links:',
    `  - {link: 'sw1:1 -- sw2:1', ${impairments.join(', ')}}`,
    ...ends,
  ];
  return parseTopology(`${lines.join('\n')}\n`, 'bench-tcp.yaml');
}
