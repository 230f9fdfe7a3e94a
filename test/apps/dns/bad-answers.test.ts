/** What wrong and hostile servers make of a recursive server: a bounded, clear outcome each time, and it goes on. */
import t, { type Test } from 'tap';
import { MAX_TARGETS, MAX_TARGETS_A_ZONE } from '../../../devices/apps/dns/resolution-budget.js';
import {
  type DnsMessage,
  dnsResponse,
  emitDns,
  RCODE_FORMERR,
  RCODE_NOERROR,
  RCODE_NOTIMP,
  RCODE_NXDOMAIN,
  RCODE_REFUSED,
  RCODE_SERVFAIL,
  rcodeName,
} from '../../../devices/stack/wire/dns.js';
import { CLASS_IN, type ResourceRecord } from '../../../devices/stack/wire/dns-record.js';
import { edns, ednsOption } from '../../../devices/stack/wire/edns.js';
import { answersOf, DnsNet, type DnsNode, zone } from './dns-net.js';
import { a, addressAnswer, ns, type Script, scripted } from './scripted-server.js';

/** The zone `x` has this server, at 10.0.3.1; `good` has a sound one, at 10.0.4.1. */
function world(script: Script) {
  const net = new DnsNet();
  const client = net.host('client');
  const isp = net.nameServer('isp', { recursion: true, rootHints: [{ name: 'root', address: '10.0.2.1' }] });
  const delegations = ['x NS ns.x', 'ns.x A 10.0.3.1', 'good NS ns.good', 'ns.good A 10.0.4.1'];
  net.nameServer('root', { zones: [zone('.', '@ NS root', 'root A 10.0.2.1', ...delegations)] });
  const bad = scripted(net, 'bad', script);
  net.nameServer('good', { zones: [zone('good', 'www A 192.0.2.1')] });
  const ask = (name: string) => net.ask(client, isp, { name, edns: edns() });
  const goesOn = async (t: Test) =>
    t.same(answersOf(await ask('www.good')), ['www.good A 192.0.2.1'], 'the server goes on');
  return { net, client, isp, bad, ask, goesOn };
}

function asked(node: DnsNode): number {
  return node.dnsLines().filter((line) => line.startsWith('ask')).length;
}

function alias(name: string, target: string): ResourceRecord {
  return { type: 'CNAME', name, class: CLASS_IN, ttl: 300, target };
}

t.test('an alias of itself', async (t) => {
  const { isp, ask, goesOn } = world(({ query }) => {
    const { name } = query.questions[0];
    return [dnsResponse(query, { authoritative: true, answers: [alias(name, name)] })];
  });
  const { message, ms } = await ask('www.x');
  t.equal(message.rcode, RCODE_SERVFAIL);
  t.match(ednsOption(message, 'extended-error'), { infoCode: 0, text: 'www.x. leads to aliases without an end' });
  t.ok(asked(isp) <= 2 && ms < 200);
  await goesOn(t);
});

t.test('aliases without an end: each one leads to a new name', async (t) => {
  let next = 0;
  const { isp, ask, goesOn } = world(({ query }) => {
    next += 1;
    return [dnsResponse(query, { authoritative: true, answers: [alias(query.questions[0].name, `a${next}.x`)] })];
  });
  t.equal((await ask('www.x')).message.rcode, RCODE_SERVFAIL);
  t.ok(asked(isp) < 20, String(asked(isp)));
  await goesOn(t);
});

t.test('an answer to another question is none', async (t) => {
  const { net, isp, ask, goesOn } = world(({ query }) => {
    const other = { ...query, questions: [{ ...query.questions[0], name: 'other.x' }] };
    return [addressAnswer(other, '6.6.6.6')];
  });
  const { message } = await ask('www.x');
  t.equal(message.rcode, RCODE_SERVFAIL);
  t.match(ednsOption(message, 'extended-error'), { infoCode: 22, text: 'no server of x. answers' });
  t.ok(isp.stack.counters.get('dns.mismatchedAnswer') >= 2);
  t.ok(net.now < 3000);
  await goesOn(t);
});

t.test('a message without a question is no answer, whatever it says (RFC 5452 section 9.1)', async (t) => {
  const soa: ResourceRecord = {
    ...{ type: 'SOA', name: 'x', class: CLASS_IN, ttl: 300, mname: 'ns.x', rname: 'h.x', serial: 1 },
    ...{ refresh: 1, retry: 1, expire: 1, minimum: 300 },
  };
  for (const rcode of [RCODE_NOERROR, RCODE_SERVFAIL, RCODE_REFUSED, RCODE_NXDOMAIN]) {
    const { isp, ask, goesOn } = world(({ query }) => {
      const answers = rcode === RCODE_NXDOMAIN ? [] : [a('www.x', '6.6.6.6')];
      const authorities = rcode === RCODE_NXDOMAIN ? [soa] : [];
      const forged = { ...dnsResponse(query, { rcode, authoritative: true, answers, authorities }), questions: [] };
      return [forged, addressAnswer(query, '192.0.2.9')];
    });
    t.same(answersOf(await ask('www.x')), ['www.x A 192.0.2.9'], rcodeName(rcode));
    t.notOk(isp.server.rows().some(({ data }) => data === '6.6.6.6' || data === 'NXDOMAIN'));
    t.ok(isp.stack.counters.get('dns.mismatchedAnswer') >= 1);
    await goesOn(t);
  }
});

t.test('records in an answer that tells of a failure are not used', async (t) => {
  for (const rcode of [RCODE_FORMERR, RCODE_SERVFAIL, RCODE_NOTIMP, RCODE_REFUSED]) {
    const { isp, ask, goesOn } = world(({ query }) => [addressAnswer(query, '6.6.6.6', { rcode })]);
    t.match((await ask('www.x')).message, { rcode: RCODE_SERVFAIL, answers: [] }, rcodeName(rcode));
    t.notOk(isp.server.rows().some(({ data }) => data === '6.6.6.6'));
    await goesOn(t);
  }
});

t.test('an answer that is truncated over TCP too is not used (RFC 2181 section 9)', async (t) => {
  const { isp, ask, goesOn } = world(({ query }) => [addressAnswer(query, '192.0.2.9', { truncated: true })]);
  t.match((await ask('www.x')).message, { rcode: RCODE_SERVFAIL, answers: [] });
  t.notOk(isp.server.rows().some(({ data }) => data === '192.0.2.9'));
  await goesOn(t);
});

t.test('an answer that holds another name beside the right one: that is not remembered', async (t) => {
  const { isp, ask, goesOn } = world(({ query }) => [
    addressAnswer(query, '192.0.2.9', {
      authorities: [ns('good', 'ns.x')],
      additionals: [a('ns.good', '10.0.3.1'), a('www.good', '6.6.6.6')],
    }),
  ]);
  t.same(answersOf(await ask('www.x')), ['www.x A 192.0.2.9']);
  t.same(
    isp.server.rows().filter((row) => row.data === '6.6.6.6' || row.name === 'good'),
    [],
  );
  await goesOn(t);
});

t.test('answers with records that point back at themselves, in every section', async (t) => {
  const { isp, ask, goesOn } = world(({ query }) => {
    // The name of the record is a pointer to itself.
    const bytes = emitDns(dnsResponse(query, { authoritative: true }));
    const looping = Uint8Array.of(...bytes, 0xc0, bytes.length, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 1, 2, 3, 4);
    looping[7] = 1;
    return [looping];
  });
  t.equal((await ask('www.x')).message.rcode, RCODE_SERVFAIL);
  t.ok(isp.stack.counters.get('dns.malformedAnswer') > 0);
  await goesOn(t);
});

t.test('NXNSAttack: a referral to many servers without glue causes few questions', async (t) => {
  const names = Array.from({ length: 60 }, (_, i) => `ns${i}.good`);
  const { isp, ask, goesOn } = world(({ query }) => [
    dnsResponse(query, { authorities: names.map((name) => ns('sub.x', name)) }),
  ]);
  t.equal((await ask('www.sub.x')).message.rcode, RCODE_SERVFAIL);
  const targets = isp.dnsLines().filter((line) => /^ask 10.0.4.1 .*A ns\d+\.good$/.test(line));
  t.equal(targets.length, MAX_TARGETS_A_ZONE, `of ${names.length}`);
  await goesOn(t);
});

t.test('NXNSAttack, one below the other: bounded in all', async (t) => {
  const { isp, ask } = world(({ query }) => {
    const zoneName = query.questions[0].name.toLowerCase();
    const deeper = Array.from({ length: 30 }, (_, i) => ns(zoneName, `n${i}.${zoneName.replace(/\.?x$/, '')}.y.x`));
    return [dnsResponse(query, { authorities: deeper })];
  });
  t.equal((await ask('www.sub.x')).message.rcode, RCODE_SERVFAIL);
  t.equal(asked(isp), 2 + MAX_TARGETS, 'the root, x, and one for each name server that is looked up');
});

t.test('more records than a cache may hold are passed on, and not kept', async (t) => {
  const many = (query: DnsMessage) =>
    Array.from(
      { length: 4000 },
      (_, i) => ({ ...a(query.questions[0].name, '10.0.0.1'), address: i }) as ResourceRecord,
    );
  const { net, isp, ask, goesOn } = world(({ query, transport }) => [
    transport === 'udp'
      ? dnsResponse(query, { truncated: true })
      : dnsResponse(query, { authoritative: true, answers: many(query) }),
  ]);
  for (const name of ['a.x', 'b.x', 'c.x']) t.equal((await ask(name)).message.answers.length, 4000);
  t.ok(isp.server.rows().length <= 10_000, 'the limit of the cache');
  t.ok(net.now < 5000);
  await goesOn(t);
});

t.test('a server that only ever says "truncated": TCP, and that too is no answer', async (t) => {
  const { ask, bad, goesOn } = world(({ query, transport }) =>
    transport === 'udp' ? [dnsResponse(query, { truncated: true })] : ['hang up'],
  );
  const { message, ms } = await ask('www.x');
  t.equal(message.rcode, RCODE_SERVFAIL);
  t.ok(ms < 1000 && bad.connections <= 4);
  await goesOn(t);
});

t.test('referral loops: to itself, upwards, sideways', async (t) => {
  for (const target of ['x', '.', 'good']) {
    const { isp, ask, goesOn } = world(({ query }) => [
      dnsResponse(query, { authorities: [ns(target, 'ns.x')], additionals: [a('ns.x', '10.0.3.1')] }),
    ]);
    const { message } = await ask('www.x');
    t.equal(message.rcode, RCODE_SERVFAIL);
    t.match(ednsOption(message, 'extended-error'), { infoCode: 24, text: 'no server of x. knows about www.x.' });
    t.ok(asked(isp) <= 3, target);
    await goesOn(t);
  }
});

t.test('referrals downwards without an end', async (t) => {
  const labels = Array.from({ length: 100 }, () => 'a').join('.');
  const { isp, ask, goesOn } = world(({ query }) => {
    const { name } = query.questions[0];
    return [dnsResponse(query, { authorities: [ns(name, 'ns.x')], additionals: [a('ns.x', '10.0.3.1')] })];
  });
  const { message } = await ask(`${labels}.x`);
  t.equal(message.rcode, RCODE_SERVFAIL);
  t.equal(asked(isp), 11, 'the root, and what is asked of parts of a name (RFC 9156 section 2.3)');
  await goesOn(t);
});

t.test('all servers of a zone dead: SERVFAIL with the reason, and a moment later from memory', async (t) => {
  const { ask, goesOn } = world(() => []);
  const first = await ask('www.x');
  t.match(first.message, { rcode: RCODE_SERVFAIL });
  t.match(ednsOption(first.message, 'extended-error'), { infoCode: 22, text: 'no server of x. answers' });
  t.ok(first.ms > 2000 && first.ms < 2200, String(first.ms));
  const again = await ask('www.x');
  t.match(ednsOption(again.message, 'extended-error'), { infoCode: 13 });
  t.ok(again.ms < 50);
  await goesOn(t);
});
