/** The ends of a lab's links: of all devices as their config files have them, and of those that run as they say. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeviceConfig, InterfaceRow } from '../../devices/control.js';
import { labDirectory } from './paths.js';
import { supervisedRows } from './reach-device.js';
import { RpcClient } from './rpc-client.js';
import type { LabState } from './state.js';

const ANSWER_LIMIT_MS = 2000;

export interface LabLinkEnd {
  readonly device: string;
  readonly port: string;
  /** As the topology writes it: `client:eth0 -- sw1:3`; empty on a port without a link. */
  readonly link: string;
}

/** From the files that the lab was launched with: also of devices that are dead or paused. */
export function plannedLinkEnds(state: LabState): LabLinkEnd[] {
  return state.devices.flatMap(({ name }) => {
    const file = join(labDirectory(state.name), `${name}.json`);
    try {
      const { ports } = JSON.parse(readFileSync(file, 'utf8')) as DeviceConfig;
      return ports.map((port) => ({ device: name, port: port.name, link: port.link ?? '' }));
    } catch {
      return [];
    }
  });
}

/** As the devices say that answer: with the ports that were attached since. */
export async function presentLinkEnds(state: LabState): Promise<LabLinkEnd[]> {
  const supervised = new Map((await supervisedRows(state.name)).map((row) => [row.name, row.state]));
  const answering = state.devices.filter(({ name }) => (supervised.get(name) ?? 'running') === 'running');
  const rows = await Promise.all(
    answering.map(async ({ name, control }) => {
      const client = await RpcClient.connect(control).catch(() => undefined);
      const answer = client?.call<InterfaceRow[]>('inspect', { table: 'interfaces' }, ANSWER_LIMIT_MS);
      const ports = (await answer?.catch(() => [])) ?? [];
      client?.close();
      return ports.map((port) => ({ device: name, port: port.name, link: port.link ?? '' }));
    }),
  );
  return rows.flat();
}
