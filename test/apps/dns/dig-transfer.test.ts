/** `dig axfr` and `dig ixfr` with servers that send zones in pieces, wrongly, or not to the end. */
import t from 'tap';
import { dig } from '../../../devices/apps/commands/dig.js';
import { TransferEnd } from '../../../devices/apps/commands/zone-transfer.js';
import { dnsQuery, dnsResponse, RCODE_REFUSED } from '../../../devices/stack/wire/dns.js';
import { CLASS_IN, type ResourceRecord } from '../../../devices/stack/wire/dns-record.js';
import { runCommand } from './command-run.js';
import { DnsNet } from './dns-net.js';
import { a, type Script, scripted } from './scripted-server.js';

function soa(serial: number): ResourceRecord {
  const rest = { mname: 'ns.x', rname: 'h.x', refresh: 1, retry: 2, expire: 3, minimum: 4 };
  return { type: 'SOA', name: 'x', class: CLASS_IN, ttl: 300, serial, ...rest };
}

/** What dig prints, and its exit status. */
async function transfer(script: Script, line = 'axfr x +nocmd +nostats') {
  const net = new DnsNet();
  const client = net.host('client');
  const server = scripted(net, 'server', script);
  const resolver = client.resolver({ servers: [server.node.ip] });
  return { net, ...(await runCommand(net, dig(client.network, resolver, client.random), line)) };
}

t.test('a zone in several messages', async (t) => {
  const { stdout, status } = await transfer(({ query }) => [
    dnsResponse(query, { answers: [soa(7)] }),
    dnsResponse(query, { questions: [], answers: [a('www.x', '192.0.2.1')] }),
    dnsResponse(query, { questions: [], answers: [a('ftp.x', '192.0.2.2'), soa(7)] }),
  ]);
  t.equal(status, 0);
  t.same(
    stdout.split('\n').map((text) => text.split(/\s+/)[0]),
    ['x.', 'www.x.', 'ftp.x.', 'x.', ''],
  );
});

t.test('it fails: refused, half of it, another answer, silence, nobody there', async (t) => {
  const failing: readonly Script[] = [
    ({ query }) => [dnsResponse(query, { rcode: RCODE_REFUSED })],
    ({ query }) => [dnsResponse(query, { answers: [soa(7), a('www.x', '192.0.2.1')] }), 'hang up'],
    ({ query }) => [dnsResponse({ ...query, id: query.id ^ 1 }, { answers: [soa(7), soa(7)] })],
    () => [Uint8Array.of(0, 3, 1, 2, 3)],
    () => [],
  ];
  for (const [index, script] of failing.entries()) {
    const { net, stdout } = await transfer(script);
    t.match(stdout, /; Transfer failed\.\n$/, String(index));
    t.ok(net.now < 11_000);
  }
  t.match((await transfer(() => [], 'axfr x -p 5353 +nocmd')).stdout, '; Transfer failed.\n');
});

t.test('where a transfer ends', async (t) => {
  const www = a('www.x', '192.0.2.1');
  const count = (type: 'AXFR' | 'IXFR', answers: readonly ResourceRecord[]) => {
    const query = dnsQuery(1, 'x', type, false);
    const end = new TransferEnd(query);
    return answers.findIndex((_, index) => end.reachedBy(dnsResponse(query, { answers: [answers[index]] }))) + 1;
  };
  t.equal(count('AXFR', [soa(7), www, www, soa(7), www]), 4);
  t.equal(count('IXFR', [soa(7)]), 1, 'nothing has changed');
  t.equal(
    new TransferEnd(dnsQuery(1, 'x', 'IXFR', false)).reachedBy(dnsResponse(dnsQuery(1, 'x', 'IXFR', false), {})),
    false,
  );
});

t.test('changes: old and new SOA in front of what goes and what comes, and the new one at the end', async (t) => {
  const www = a('www.x', '192.0.2.1');
  const query = dnsQuery(1, 'x', 'IXFR', false);
  const reached = (answers: readonly ResourceRecord[]) =>
    new TransferEnd(query).reachedBy(dnsResponse(query, { answers }));
  t.equal(reached([soa(7), soa(6), www, soa(7), www]), false);
  t.equal(reached([soa(7), soa(6), www, soa(7), www, soa(7)]), true);
  t.equal(reached([soa(7), www, soa(7)]), true, 'the whole zone instead');
});
