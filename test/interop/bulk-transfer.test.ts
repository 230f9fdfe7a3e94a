/** 100 MB between a host of ours and Linux, byte for byte, in both directions; on a good link and on a bad one. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type Netarium, netarium, waitFor } from '../e2e/netarium.js';
import { factsOf } from '../e2e/sites.js';
import { capturing } from './support/capturing.js';
import { KernelHost } from './support/kernel-host.js';
import { FILE_SERVER, nodeProgram } from './support/kernel-programs.js';
import { interopTest, LIMIT_MS } from './support/needs.js';
import { plainText } from './support/plain-text.js';
import { topologyFile } from './support/topology-file.js';
import { Digest, sizeOf, whileMoving } from './support/transfers.js';
import { judgeFrames, OF_LOSS, remarksAt, resent } from './support/tshark.js';

const BYTES = 100_000_000;
const MSS = 1448;
const OURS = '10.0.0.1';
const LINUX = '10.0.0.9';
const NEEDS = { root: true, tools: ['ip', 'ethtool', 'curl', 'tshark'] };

interface Lab {
  readonly host: KernelHost;
  readonly net: Netarium;
  readonly content: Uint8Array;
}

/** Both ends have the file, and serve it by HTTP. `impairment` is of the one link of our host. */
async function lab(t: Test, purpose: string, impairment: string): Promise<Lab> {
  const host = KernelHost.open(t);
  host.configure(`${LINUX}/24`);
  const site = join(host.folder, 'site');
  mkdirSync(site);
  const content = plainText(BYTES);
  writeFileSync(join(site, 'file.txt'), content);
  const net = netarium(t, { launcher: host.labLauncher, limitMs: LIMIT_MS });
  const topology = `
devices:
  a: {kind: host, address: ${OURS}/24, sites: {a: ${site}}}
  sw: switch
links:
  - {link: 'a:eth0 -- sw:1'${impairment}}
  - {link: 'sw:2', external: ${host.external}}
`;
  await net.up(purpose, topologyFile(t, topology));
  host.start(nodeProgram(FILE_SERVER, 80, join(site, 'file.txt')));
  await waitFor('the server', async () => (await host.run(['ss', '-Hlnt'])).stdout.includes(':80 '));
  return { host, net, content };
}

/** Our web server's file to curl on Linux. */
async function toLinux(t: Test, { host, content }: Lab): Promise<void> {
  const file = join(host.folder, 'received.txt');
  writeFileSync(file, '');
  const startedAt = performance.now();
  const curl = host.run(['curl', '-sS', '-o', file, `http://${OURS}/file.txt`]);
  t.match(await whileMoving('the transfer to Linux', curl, () => sizeOf(file)), { exitStatus: 0 });
  t.same(factsOf(readFileSync(file)), factsOf(content), 'to Linux, byte for byte');
  tell(t, 'to Linux', startedAt);
}

/** The file of Linux to our curl, which hands on what it gets as a device's text. */
async function fromLinux(t: Test, { net, content }: Lab): Promise<void> {
  const digest = new Digest();
  const startedAt = performance.now();
  const curl = net.startWith({ streamed: true }, 'exec', 'a', '--', 'curl', '-sS', `http://${LINUX}/`);
  curl.stdout?.on('data', (chunk: Buffer) => digest.add(chunk));
  t.match(await whileMoving('the transfer from Linux', curl, () => digest.bytes), { exitCode: 0 });
  t.same(digest.facts(), factsOf(content), 'from Linux, byte for byte');
  tell(t, 'from Linux', startedAt);
}

function tell(t: Test, direction: string, startedAt: number): void {
  const seconds = (performance.now() - startedAt) / 1000;
  t.comment(`${direction}: ${seconds.toFixed(1)} s, ${(BYTES / 1e6 / seconds).toFixed(2)} MB/s`);
}

interopTest('100 MB each way on a good link, one after the other and both at once', NEEDS, async (t) => {
  const world = await lab(t, 'interop-bulk', '');
  const file = join(world.host.folder, 'bulk.pcapng');
  const capture = await capturing(world.net, file, 'a:eth0');
  await toLinux(t, world);
  await fromLinux(t, world);
  const { frames, missed } = await capture.stop();
  t.equal(missed, 0);
  t.same(await judgeFrames(file), { frames, wrong: [] });
  // What a busy machine did not take from its sockets in time was lost, as on a bad link.
  const overflows = world.host.socketOverflows();
  t.comment(`${overflows} datagrams did not fit into the buffers of sockets`);
  const explained = overflows > 0 ? OF_LOSS : undefined;
  t.same(await remarksAt('a:eth0', file, world.host.folder, { isBulk: true, explained }), {});
  await Promise.all([toLinux(t, world), fromLinux(t, world)]);
});

interopTest('100 MB each way at once with 2 % loss and 20 ms delay', NEEDS, async (t) => {
  const world = await lab(t, 'interop-lossy', ', loss: 2%, delay: 20ms');
  const file = join(world.host.folder, 'lossy.pcapng');
  const capture = await capturing(world.net, file, 'a:eth0');
  await Promise.all([toLinux(t, world), fromLinux(t, world)]);
  const { frames, missed } = await capture.stop();
  t.equal(missed, 0);
  t.same(await judgeFrames(file), { frames, wrong: [] });
  t.same(await remarksAt('a:eth0', file, world.host.folder, { isBulk: true, explained: OF_LOSS }), {});
  const { again, dropped, duplicates } = await resent(OURS, 80, file);
  t.comment(`the link dropped ${dropped} bytes of ours, we sent ${again} once more, ${duplicates} segments in vain`);
  t.ok(dropped > BYTES * 0.015, 'the link was as bad as it was meant to be');
  // D-SACKs are lost too.
  t.ok(again <= dropped + (duplicates + 10) * MSS, 'nothing was sent again but what was lost');
});
