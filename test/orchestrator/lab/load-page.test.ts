/** A page load whose host is in trouble ends soon after its time limit: real processes, two hosts on a switch. */
import t from 'tap';
import { fetchInLab } from '../../../orchestrator/commands/fetch-page.js';
import { makeRunRoot } from '../../../orchestrator/lab/paths.js';
import { prepareLab } from '../../../orchestrator/lab/prepare.js';
import { holdLab } from '../../../orchestrator/lab/supervise.js';
import { ownRunRoot } from './run-dir.js';

t.test('a slow clock, a pause, a kill, a process that is stopped from outside', async (t) => {
  ownRunRoot(t);
  makeRunRoot();
  const plan = await prepareLab({ generator: 'star,4', name: 'load' });
  const held = await holdLab(plan, () => {}, new AbortController().signal);
  t.teardown(() => held.stop());
  const { lab, chaos } = held;
  const [slow, paused, killed, stopped] = plan.configs.filter(({ kind }) => kind === 'host').map(({ name }) => name);
  const silent = lab.device(stopped);
  t.teardown(() => process.kill(silent.pid, 'SIGCONT'));

  /** Of an address that nobody has: the limit is the host's own, and it has none that runs. */
  const load = async (host: string, timeoutMs: number) => {
    const began = performance.now();
    const outcome = await fetchInLab(lab.state, host, { url: 'http://10.0.0.250/', timeoutMs }).then(
      () => 'done',
      ({ exitStatus, message }) => `${exitStatus} ${message}`,
    );
    return { outcome, tookMs: performance.now() - began };
  };
  await chaos.apply({ kind: 'device', device: slow, action: 'clock', rate: 0.1 });
  const loads = [slow, paused, killed].map((host) => load(host, 1500));
  await new Promise<void>((resolve) => {
    const look = setInterval(async () => {
      const rows = await Promise.all(
        [paused, killed].map((host) => lab.device(host).client?.call<object[]>('inspect', { table: 'arp' })),
      );
      if (rows.some((row) => row?.length === 0)) return;
      clearInterval(look);
      resolve();
    }, 20);
  });
  await chaos.apply({ kind: 'device', device: paused, action: 'pause' });
  await chaos.apply({ kind: 'device', device: killed, action: 'kill' });
  const ends = await Promise.all(loads);
  t.match(
    ends[0].outcome,
    new RegExp(`^1 ${slow} has not given up the load after 4\\.5 s: its clock is slow, .* \\(at \\w+\\)$`),
  );
  t.match(ends[1].outcome, new RegExp(`^1 ${paused} was paused by fault-2 \\d.* ago \\(at \\w+\\)$`));
  t.match(ends[2].outcome, new RegExp(`^1 ${killed} was killed by fault-3 .* ago \\(at \\w+\\)$`));
  t.ok(
    ends.every(({ tookMs }) => tookMs < 8000),
    'none of them takes long',
  );
  await chaos.clear();

  process.kill(silent.pid, 'SIGSTOP');
  const { outcome, tookMs } = await load(slow, 200);
  t.equal(outcome, 'done', 'who does not answer holds nobody up');
  t.ok(tookMs < 8000, `${tookMs} ms`);
});
