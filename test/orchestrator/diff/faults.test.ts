/** Faults that mark no frame: a link that is slower is named all the same. */
import t from 'tap';
import { FaultLog, type FaultSpan } from '../../../orchestrator/capture/fault-log.js';
import { epochOffsetMs } from '../../../orchestrator/capture/pcapng-writer.js';
import type { Fault } from '../../../orchestrator/chaos/fault.js';
import { compareReports, renderComparison } from '../../../orchestrator/diff/index.js';
import type { FetchReport } from '../../../orchestrator/story/report.js';
import { CapturedWorld } from '../../support/captured-world.js';
import { shippedWorld } from '../../world/shipped-world.js';
import { link, load, PAGE, rule } from './faulted.js';

const TARGET = 'client:eth0 -- home-switch:1';
const plain = (_style: unknown, text: string) => text;
const text = (a: FetchReport, b: FetchReport) => renderComparison(compareReports(a, b), { paint: plain });

/** With a link that is slower by 50 ms, and a fault that was over before. */
async function slowed(): Promise<FetchReport> {
  const world = shippedWorld('mini-internet');
  await world.configured();
  const captured = new CapturedWorld(world);
  world.order('client', link('eth0', { impairment: { delayMs: 50 } }));
  const result = await world.fetch('client', { url: PAGE, subresources: false });
  await world.runFor(500);
  const { startAt, endAt } = result;
  const faults: FaultSpan[] = [
    { id: 'fault-1', title: 'loss 20%', target: TARGET, sinceAt: startAt - 200, untilAt: startAt - 100 },
    { id: 'fault-2', title: 'delay 50ms', target: TARGET, sinceAt: startAt - 50 },
    { id: 'fault-3', title: 'clock 1s ahead', target: 'web', sinceAt: startAt + 10, untilAt: startAt + 20 },
    { id: 'fault-4', title: 'paused', target: 'web', sinceAt: endAt + 1 },
  ];
  const report = captured.report('client', result, (capture) => ({ ...capture, faults }));
  await world.stop();
  return report;
}

const fine = await load();
const slow = await slowed();

t.test('a report has the faults that were in force during the load', async (t) => {
  t.same(fine.faults, []);
  t.same(slow.faults, [
    { id: 'fault-2', title: 'delay 50ms', target: TARGET, sinceMs: -50 },
    { id: 'fault-3', title: 'clock 1s ahead', target: 'web', sinceMs: 10, untilMs: 20 },
  ]);
});

t.test('diff names them where no frame does', async (t) => {
  const compared = compareReports(fine, slow);
  t.notOk(['loss', 'fault'].includes(compared.first?.event ?? ''));
  t.match(compared.faults, { a: [], b: [{ id: 'fault-2' }, { id: 'fault-3' }] });
  t.match(
    text(fine, slow),
    /^they differ .*\nfault-2 \(client:eth0 -- home-switch:1: delay 50ms\) was in force in B only\n/,
  );
  t.match(text(slow, fine), /\nfault-2 \(client:eth0 -- home-switch:1: delay 50ms\) was in force in A only\n/);
});

t.test('the same fault in both is no reason, whatever its number', async (t) => {
  const again = { ...slow, faults: slow.faults.map((fault) => ({ ...fault, id: 'fault-9' })) };
  t.same(compareReports(slow, again).faults, { a: [], b: [] });
});

t.test('what a fault did to a frame says it better; reports without the field can be compared', async (t) => {
  const orders = { web: rule('tcp.flags.syn == 1 && tcp.flags.ack == 1', { kind: 'drop' }, { count: 1 }) };
  const lossy = { ...(await load({ orders })), faults: slow.faults };
  t.notMatch(text(fine, lossy), /was in force/);
  const { faults: _none, ...old } = fine;
  t.same(compareReports(old as FetchReport, slow).faults.b, slow.faults);
});

t.test('parts are told with their whole, and many are counted', async (t) => {
  const fault = (id: string, parent?: string) => {
    return { id, title: `loss of ${id}`, target: 'x', sinceMs: 0, ...(parent !== undefined && { parent }) };
  };
  const many = ['fault-1', 'fault-3', 'fault-4', 'fault-5'].map((id) => fault(id));
  const told = text(fine, { ...slow, faults: [many[0], fault('fault-2', 'fault-1'), ...many.slice(1)] });
  t.notMatch(told, /fault-2/);
  t.match(told, /fault-4 .* only\n… and 1 more fault\n/);
});

t.test('a log of faults: those that were there, and news of others, in whatever order they come', async (t) => {
  const since = Date.now();
  const fault = (id: string, after: number): Fault => {
    const request = { kind: 'device', device: 'web', action: 'pause' } as const;
    return { id, request, title: 'paused', target: 'web', since: since + after };
  };
  const log = new FaultLog();
  log.heard({ event: 'ended', fault: fault('fault-1', 0) });
  log.heard({ event: 'began', fault: fault('fault-3', 2) });
  log.heard({ event: 'done', fault: fault('', 3) });
  log.listed([fault('fault-1', 0), fault('fault-2', 1)]);
  t.match(
    log.spans.map(({ id, untilAt }) => [id, untilAt !== undefined]),
    [
      ['fault-1', true],
      ['fault-2', false],
      ['fault-3', false],
    ],
  );
  t.ok(Math.abs(log.spans[0].sinceAt - (since - epochOffsetMs())) < 5);
});
