/** A capture of a whole lab goes on when one of its devices comes back: real processes, two hosts on a switch. */
import { PassThrough } from 'node:stream';
import t, { type Test } from 'tap';
import type { Layers } from '../../../devices/stack/wire/dissect.js';
import { CaptureSession } from '../../../orchestrator/capture/session.js';
import { runOnDevice } from '../../../orchestrator/commands/exec.js';
import type { Lab } from '../../../orchestrator/lab/lab.js';
import { makeRunRoot } from '../../../orchestrator/lab/paths.js';
import { prepareLab } from '../../../orchestrator/lab/prepare.js';
import { connectDevice } from '../../../orchestrator/lab/reach-device.js';
import { holdLab } from '../../../orchestrator/lab/supervise.js';
import { ownRunRoot } from '../lab/run-dir.js';

async function star(t: Test): Promise<{ lab: Lab; a: string; b: string; address: string }> {
  ownRunRoot(t);
  makeRunRoot();
  const plan = await prepareLab({ generator: 'star,2', name: 'session' });
  const held = await holdLab(plan, () => {}, new AbortController().signal);
  t.teardown(() => held.stop());
  const [a, b] = plan.configs.filter(({ kind }) => kind === 'host');
  return { lab: held.lab, a: a.name, b: b.name, address: (b.ports[0].addresses?.[0] ?? '').split('/')[0] };
}

async function ping(lab: Lab, from: string, address: string): Promise<number> {
  const client = await connectDevice(lab.state, from);
  const streams = { stdout: new PassThrough().resume(), stderr: new PassThrough().resume(), columns: 80 };
  const status = await runOnDevice(client, ['ping', '-c', '1', '-W', '1', address], streams).exitStatus;
  client.close();
  return status;
}

t.test('killed and started again: the same interfaces, heard from the first frame on', async (t) => {
  const { lab, a, b, address } = await star(t);
  const session = await CaptureSession.start(lab.state);
  t.equal(await ping(lab, a, address), 0);
  await lab.kill(b, 'fault-1');
  await lab.start(b, 'fault-1');
  t.equal(await ping(lab, a, address), 0);
  const { interfaces, frames, missed, outages } = await session.stop();
  t.equal(missed, 0);
  t.match(outages, [{ device: b, state: 'killed', by: 'fault-1', fromAt: Number, untilAt: Number }]);
  const names = interfaces.map(({ device, port }) => `${device}:${port}`);
  t.equal(new Set(names).size, names.length, 'none of them twice');
  t.equal(
    names.length,
    lab.devices.reduce((sum, { config }) => sum + config.ports.length, 0),
  );

  const ofB = frames.filter(({ device }) => device === b);
  t.ok(
    ofB.every(({ interfaceIndex }) => names[interfaceIndex] === `${b}:eth0`),
    'frames of both lives are on the same interface',
  );
  const replies = ofB.filter(({ direction, layers }) => direction === 'out' && layers.icmp?.type === 0);
  t.equal(replies.length, 2, 'one answer in each life');
  const isAnnouncement = ({ arp }: Layers) => arp !== undefined && arp.senderIp === arp.targetIp;
  t.ok(
    ofB.some(({ direction, layers }) => direction === 'out' && isAnnouncement(layers)),
    'with its announcement its second life begins',
  );
});

t.test('what is paused holds nobody up, and is heard when it goes on', async (t) => {
  const { lab, a, b, address } = await star(t);
  await lab.pause(b, 'fault-1');
  const session = await CaptureSession.start(lab.state);
  const second = await CaptureSession.start(lab.state);
  await lab.resume(b, 'fault-1');
  t.equal(await ping(lab, a, address), 0);
  const { frames, outages } = await session.stop();
  t.match(outages, [{ device: b, state: 'paused', by: 'fault-1', untilAt: Number }], 'also what began before');
  t.ok(frames.some(({ device }) => device === b));
  await lab.pause(b, 'fault-2');
  const began = performance.now();
  const last = await second.stop();
  t.ok(last.frames.length > 0);
  t.match(last.outages, [{ by: 'fault-1' }, { device: b, state: 'paused', by: 'fault-2', untilAt: undefined }]);
  t.ok(performance.now() - began < 4000, 'not the five seconds that a device has to answer');
});
