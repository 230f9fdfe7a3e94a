/** How fast a host's browser loads a large file from another host's web server, beside Node's own sockets on loopback. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DeviceConfig } from '../../devices/control.js';
import { shippedTopology } from '../../orchestrator/lab/paths.js';
import { generateTopology, loadTopology, type Topology } from '../../orchestrator/topology/index.js';
import { BenchLab } from './bench-lab.js';
import { startHelper } from './helper-process.js';
import { patternBytes } from './measure.js';
import type { Row } from './results.js';

const BULK_BYTES = 20e6;
const WARM_UP_BYTES = 4e6;
const LOOPBACK_BYTES = 400e6;

export async function measureGoodput(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'netarium-bench-'));
  try {
    writeFileSync(join(folder, 'bulk.bin'), patternBytes(BULK_BYTES));
    writeFileSync(join(folder, 'warm.bin'), patternBytes(WARM_UP_BYTES));
    const loopback = await loopbackTransfer();
    const rows: Row[] = [{ what: 'node:net over loopback', value: loopback, unit: 'MB/s' }];
    const cases: [string, Topology, string, string][] = [
      ['hello', loadTopology(shippedTopology('hello')), 'a', 'b'],
      ['linear,3', generateTopology('linear,3'), 'h1', 'h3'],
      ['mini-internet', loadTopology(shippedTopology('mini-internet')), 'client', 'web'],
    ];
    for (const [name, topology, client, server] of cases) {
      rows.push(...(await throughLab(name, topology, client, server, folder, loopback)));
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function throughLab(
  name: string,
  topology: Topology,
  client: string,
  server: string,
  root: string,
  loopback: number,
): Promise<Row[]> {
  const serve = (config: DeviceConfig) =>
    config.name === server ? { ...config, web: { sites: [{ names: ['bulk'], root }] } } : config;
  const lab = await BenchLab.up(topology, { adapt: serve });
  try {
    const [address] = (lab.config(server).ports[0].addresses ?? [''])[0].split('/');
    await lab.download(client, `http://${address}/warm.bin`, WARM_UP_BYTES);
    const before = { cpu: await lab.cpuMs(), port: (await lab.interfaces(server))[0] };
    const elapsed = await lab.download(client, `http://${address}/bulk.bin`, BULK_BYTES);
    const after = { cpu: await lab.cpuMs(), port: (await lab.interfaces(server))[0] };
    const rate = BULK_BYTES / 1000 / elapsed;
    const coalesced =
      (after.port.framesOut - before.port.framesOut) / (after.port.datagramsOut - before.port.datagramsOut);
    return [
      { what: `${name}: ${client} from ${server}`, value: rate, unit: 'MB/s', ratio: rate / loopback, of: 'loopback' },
      { what: '  CPU of all devices', value: (after.cpu - before.cpu) / (BULK_BYTES / 1e6), unit: 'ms/MB' },
      { what: '  frames a datagram, at the server', value: coalesced, unit: '' },
    ];
  } finally {
    await lab.down();
  }
}

/** MB/s, from another process, hashed as the browser does. */
async function loopbackTransfer(): Promise<number> {
  const program = fileURLToPath(new URL('./loopback-server.js', import.meta.url));
  const server = await startHelper([program, String(LOOPBACK_BYTES)]);
  try {
    const startedAt = performance.now();
    const hash = createHash('sha256');
    let received = 0;
    for await (const bytes of connect(Number(server.firstLine), '127.0.0.1')) {
      received += bytes.length;
      hash.update(bytes);
    }
    if (received !== LOOPBACK_BYTES) throw new Error(`${received} bytes came over loopback`);
    return received / 1000 / (performance.now() - startedAt);
  } finally {
    await server.close();
  }
}
