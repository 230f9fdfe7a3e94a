/** The same page load with and without a fault: what is named first, and what followed from it. */
import t from 'tap';
import { type Comparison, compareReports, renderComparison } from '../../../orchestrator/diff/index.js';
import type { FetchReport } from '../../../orchestrator/story/report.js';
import { link, load, rule } from './faulted.js';

const plain = (_style: unknown, text: string) => text;
const render = (comparison: Comparison, columns = 120) =>
  renderComparison(comparison, { paint: plain, columns, names: ['a.json', 'b.json'] });
const followed = ({ followed }: Comparison) => followed.map(({ kind, text }) => `${kind} ${text}`);

const fine = await load();
const page = await load({ subresources: true });
const REPORTS: Record<string, FetchReport> = { fine };

/** A load under these orders, compared with the same one without. */
async function compared(name: string, orders: Parameters<typeof load>[0], base = fine): Promise<Comparison> {
  REPORTS[name] = await load(orders);
  return compareReports(base, REPORTS[name]);
}

t.test('two loads without a fault: no difference that matters', async (t) => {
  const comparison = await compared('another seed', { seed: 99 });
  t.match(comparison, { equal: true, followed: [], results: [], differences: [] });
  t.equal(comparison.first, undefined);
  t.match(
    render(comparison),
    /^no difference that matters {2}both end with 200 after \d+ ms\n\nequal {2}35 of 35 steps/,
  );
});

t.test('a lost SYN, ACK: who lost it, who sent again for it, what was later', async (t) => {
  const orders = { web: rule('tcp.flags.syn == 1 && tcp.flags.ack == 1', { kind: 'drop' }, { count: 1 }) };
  const comparison = await compared('no SYN, ACK', { orders });
  t.match(comparison, { equal: false, results: [], b: { ok: true, outcome: '200' } });
  t.match(comparison.first, {
    kind: 'only-b',
    ...{ layer: 'tcp', device: 'web', event: 'loss', subject: 'TCP SYN, ACK from web to client' },
    b: { outcome: 'chaosDrop', summary: /chaos takes it off the wire \(fault-1: drop\)$/ },
  });
  const [lost] = REPORTS['no SYN, ACK'].losses;
  t.same(comparison.first?.b?.frames, [lost.frame]);
  t.match(lost, { fault: 'fault-1: drop', reason: 'chaosDrop', direction: 'out', from: 'web', to: 'client' });
  t.match(comparison.before?.a.summary, /who has web/, 'the last step that both have');
  t.match(comparison.instead?.summary, /^gets SYN, ACK/, 'what A has in its place');
  t.match(followed(comparison), [
    /^only-b client sends its SYN to .* again after \d+ ms: .*; the answer to it was lost leaving web by eth0 \(fault-1\) #\d+/,
    /^only-b web sends its SYN, ACK to .* again after .*; the first one was lost/,
    /^later 1\.00 s later: client gets SYN, ACK from web:80, and \d more steps/,
    /^result the load ends after 1\.\d\d s instead of \d+ ms/,
  ]);
});

t.test('a lost DNS answer: what was waited for, and how long', async (t) => {
  const orders = { 'isp-dns': rule('dns.flags.response == 1 && ip.dst == 198.18.0.1', { kind: 'drop' }, { count: 1 }) };
  const comparison = await compared('no DNS answer', { orders });
  t.match(comparison.first, {
    ...{ kind: 'only-b', device: 'isp-dns', event: 'loss' },
    subject: 'DNS answer A www.server.com from isp-dns to home-router',
  });
  t.match(
    followed(comparison)[0],
    /^only-b home-router hears nothing from isp-dns .* within 3\.0 s; the answer was lost leaving isp-dns/,
  );
  t.equal(comparison.b.outcome, '200', 'it asks again');
});

t.test('SERVFAIL in the place of an answer: what was asked ends otherwise, and so does the load', async (t) => {
  const orders = { client: rule('dns.qry.name == "www.server.com"', { kind: 'reply', reply: 'servfail' }) };
  const comparison = await compared('SERVFAIL', { orders });
  t.match(comparison.first, { kind: 'only-b', device: 'client', event: 'loss', b: { frames: [Number] } });
  const changed = comparison.differences.find(({ kind }) => kind === 'changed');
  t.match(changed, {
    device: 'client',
    event: 'query ends',
    a: { outcome: /^answer 203/ },
    b: { outcome: 'SERVFAIL' },
  });
  t.match(comparison.results, [{ what: 'the load', a: '200', b: /^failed at dns: / }]);
  t.match(render(comparison), /^they differ {2}failed at dns: \w+ after .* instead of 200 after/);
});

t.test('a server that is cut off: another end, and all that came of it before is missing', async (t) => {
  const comparison = await compared('cut off', { orders: { 'server-switch': link('3', { state: 'blackhole' }) } });
  t.match(comparison.first, {
    ...{ kind: 'only-b', event: 'loss', device: 'server-switch', b: { outcome: 'blackhole' } },
    subject: 'ARP request from server-router to web',
  });
  const [copy] = REPORTS['cut off'].losses;
  t.match(
    copy,
    { spare: true, kind: 'ARP request', to: 'server-dns' },
    'a copy of a question for another host is none',
  );
  t.match(comparison.b, { ok: false, outcome: /^failed at \w+: E/ });
  t.ok(comparison.differences.some(({ kind, event }) => kind === 'only-a' && event === 'response'));
});

t.test('a slower link: nothing happens but that all is later, and where that began', async (t) => {
  const delayMs = 50;
  const orders = {
    'home-router': link('eth1', { impairment: { delayMs } }),
    'isp-router': link('eth0', { impairment: { delayMs } }),
  };
  const comparison = await compared('slow', { orders });
  t.match(comparison, { equal: false, results: [] });
  t.match(comparison.first, { kind: 'later', device: 'home-router', layer: 'arp' });
  t.ok(comparison.differences.every(({ kind, byMs = 0 }) => kind === 'later' && byMs > 50));
  t.match(followed(comparison).slice(-2), [
    /^later the shortest round trip to 203\.0\.113\.80:80 takes 13\d ms instead of 3\d\.\d ms/,
    /^result the load ends after/,
  ]);
});

t.test(
  'a busy machine stretches all there is; a network that is no slower is told from that by its round trips',
  async (t) => {
    const stretched = (factor: number): FetchReport => ({
      ...fine,
      durationMs: fine.durationMs * factor,
      steps: fine.steps.map(({ atMs, endMs, ...step }) => {
        return { ...step, atMs: atMs * factor, ...(endMs !== undefined && { endMs: endMs * factor }) };
      }),
      capture: { ...fine.capture, waitMs: 1.3 },
    });
    t.match(compareReports(fine, stretched(1.9)), { equal: true, trips: [] });
    t.match(compareReports(fine, stretched(3.5)), { equal: false, first: { kind: 'later' } }, 'there is an end to it');
    t.match(
      compareReports(fine, { ...stretched(1.9), capture: fine.capture }),
      { equal: false },
      'an idle machine does not',
    );
  },
);

t.test('damaged bits: lost where the FCS is checked, by the fault of who sent them', async (t) => {
  const orders = {
    'server-router': rule('tcp.len > 0 && tcp.srcport == 80', { kind: 'corrupt' }, { at: 'device', count: 1 }),
  };
  const comparison = await compared('corrupted', { orders });
  const loss = comparison.differences.find(({ event }) => event === 'loss');
  t.match(loss, { kind: 'only-b', device: 'bb-east', b: { outcome: 'badFcs', summary: /\(fault-1: corrupt\)$/ } });
  t.match(comparison.first, { event: 'fault', device: 'server-router' }, 'it begins where they were damaged');
  t.match(
    followed(comparison).join('\n'),
    /web sends seq=\d+ to .* again .*the first one was lost arriving at bb-east/,
  );
});

t.test('an image that does not come: the part of the page, by its address', async (t) => {
  const filter = 'tcp.len > 0 && ip.dst == 203.0.113.81';
  const orders = { client: rule(filter, { kind: 'reset' }) };
  const comparison = await compared('no images', { subresources: true, orders }, page);
  t.ok(comparison.b.ok, 'the page itself is there');
  t.ok(
    comparison.results.length >= 1 && comparison.results.every(({ what }) => what.startsWith('http://img.server.com/')),
  );
  t.match(comparison.results[0], { a: /^200, /, b: /^failed at http: ECONNRESET$/ });
  t.ok(comparison.same.resources.equal < comparison.same.resources.of);
  t.match(render(comparison), /parts? of the page (is|are) not the same/);
});

t.test('a report compared with itself, and any two both ways', async (t) => {
  const names = Object.keys(REPORTS);
  for (const name of names) {
    const same = compareReports(REPORTS[name], REPORTS[name]);
    t.match(same, { equal: true, differences: [], minor: 0, results: [] }, name);
    t.equal(same.same.steps.equal, REPORTS[name].steps.length);
  }
  for (const [i, a] of names.entries()) {
    for (const b of names.slice(0, i)) {
      const there = compareReports(REPORTS[a], REPORTS[b]);
      const back = compareReports(REPORTS[b], REPORTS[a]);
      t.same(facts(mirrored(back)), facts(there), `${a} and ${b}`);
    }
  }
});

function facts({ equal, a, b, first, differences, results, minor, noise }: Comparison) {
  return { equal, a, b, first, differences, results, minor, noise };
}

function mirrored(comparison: Comparison): Comparison {
  const kinds = {
    'only-a': 'only-b',
    'only-b': 'only-a',
    later: 'earlier',
    earlier: 'later',
    changed: 'changed',
  } as const;
  const turn = ({ kind, a, b, byMs, ...rest }: Comparison['differences'][number]) => ({
    ...{ ...rest, kind: kinds[kind] },
    ...(b && { a: b }),
    ...(a && { b: a }),
    ...(byMs !== undefined && { byMs: byMs === 0 ? 0 : -byMs }),
  });
  return {
    ...comparison,
    ...{ a: comparison.b, b: comparison.a },
    ...(comparison.first && { first: turn(comparison.first) }),
    differences: comparison.differences.map(turn),
    results: comparison.results.map(({ what, a, b }) => ({ what, a: b, b: a })),
  };
}

t.test('no line is wider than the terminal; the two sides stand below each other where there is no room', async (t) => {
  const comparison = compareReports(fine, REPORTS['no SYN, ACK']);
  for (const columns of [60, 99, 100, 120]) {
    const lines = render(comparison, columns).split('\n');
    for (const line of lines) t.ok(line.length <= columns, line);
    t.equal(lines.filter((line) => line.includes('a.json') && line.includes('b.json')).length, columns < 100 ? 0 : 1);
  }
});
