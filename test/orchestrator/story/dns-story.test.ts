import t from 'tap';
import {
  type DnsMessage,
  dnsQuery,
  dnsResponse,
  RCODE_NXDOMAIN,
  RCODE_SERVFAIL,
} from '../../../devices/stack/wire/dns.js';
import { CLASS_IN, type ResourceRecord } from '../../../devices/stack/wire/dns-record.js';
import { dnsStory } from '../../../orchestrator/story/dns-story.js';
import { dnsPacket, ip, SceneBuilder, START } from './frames.js';

const CLIENT = { mac: '02:00:00:00:00:01', ip: '192.0.2.2', port: 5353 };
const ISP = { mac: '02:00:00:00:00:02', ip: '192.0.2.53', port: 53 };
const ROOT = { mac: '02:00:00:00:00:03', ip: '198.51.100.1', port: 53 };
const NAME = 'www.server.com';

const address = (text: string): ResourceRecord => ({
  name: NAME,
  type: 'A',
  address: ip(text),
  class: CLASS_IN,
  ttl: 60,
});
const delegation: ResourceRecord = { name: 'com', type: 'NS', target: 'a.com', class: CLASS_IN, ttl: 60 };

class Names extends SceneBuilder {
  constructor() {
    super();
    this.port('client:eth0', 'host', CLIENT.mac, ['192.0.2.2/24']);
    this.port('isp:eth0', 'dns-server', ISP.mac, ['192.0.2.53/24']);
    this.port('root:eth0', 'dns-server', ROOT.mac, ['198.51.100.1/24']);
  }

  /** A question of `asker` at its server, as it is told and seen. */
  asks(asker: 'client' | 'isp', id: number, zone?: string, name = NAME): DnsMessage {
    const [from, to] = asker === 'client' ? [CLIENT, ISP] : [ISP, ROOT];
    const query = dnsQuery(id, name, 'A', asker === 'client');
    const told = { to: `${to.ip}:53`, transport: 'udp' as const, id, name: name.toLowerCase(), type: 'A' };
    this.told(asker, { event: 'dns-query', recursionDesired: asker === 'client', ...told, ...(zone && { zone }) });
    this.seen(dnsPacket({ ...from, port: 5353 }, to, query), `${asker}:eth0 out`);
    return query;
  }

  answer(asker: 'client' | 'isp', query: DnsMessage, content: Partial<DnsMessage>): this {
    const [from, to] = asker === 'client' ? [CLIENT, ISP] : [ISP, ROOT];
    return this.seen(dnsPacket(to, { ...from, port: 5353 }, dnsResponse(query, content)), `${asker}:eth0 in`);
  }

  story(addresses: readonly string[] = [], name = NAME) {
    const lookups = [{ name, type: 'A', addresses, source: 'network' as const, startAt: START, endAt: START + 100 }];
    return dnsStory(this.build('client', { lookups }));
  }
}

t.test('a recursive question, and the referral that its server got meanwhile', async (t) => {
  const names = new Names();
  const query = names.at(1).asks('client', 7);
  const inner = names.at(2).asks('isp', 8, '.');
  names.at(4).answer('isp', inner, { authorities: [delegation] });
  names.at(9).answer('client', query, { answers: [address('192.0.2.80')] });
  const [story] = names.story(['192.0.2.80']);
  t.match(story, { name: NAME, type: 'A', addresses: ['192.0.2.80'], source: 'network', caches: [] });
  t.same(
    story.queries.map(({ from, serverName, zone, kind, ms, answers, frames }) => [
      from,
      serverName,
      zone,
      kind,
      ms,
      answers,
      frames,
    ]),
    [
      ['client', 'isp', '', 'answer', 8, ['192.0.2.80'], [1, 4]],
      ['isp', 'root', '.', 'referral', 2, ['a.com.'], [2, 3]],
    ],
  );
});

t.test(
  'a question for a part of the name belongs to it, though that part is looked up by itself as well',
  async (t) => {
    const names = new Names();
    const query = names.at(1).asks('client', 7);
    const inner = names.at(2).asks('isp', 8, '.', 'sERVER.coM');
    names.at(4).answer('isp', inner, { authorities: [delegation] });
    names.at(9).answer('client', query, { answers: [address('192.0.2.80')] });
    const lookup = { type: 'A', addresses: [], source: 'network' as const };
    const [story, other] = dnsStory(
      names.build('client', {
        lookups: [
          { ...lookup, name: NAME, startAt: START, endAt: START + 100 },
          { ...lookup, name: 'server.com', startAt: START + 200, endAt: START + 300 },
        ],
      }),
    );
    t.same(
      story.queries.map(({ name, kind, frames }) => [name, kind, frames]),
      [
        [NAME, 'answer', [1, 4]],
        ['server.com', 'referral', [2, 3]],
      ],
    );
    t.same(other.queries, []);
  },
);

t.test('what an answer says decides its kind', async (t) => {
  const kind = (content: Partial<DnsMessage>) => {
    const names = new Names();
    const query = names.asks('client', 7);
    const [{ queries }] = names.answer('client', query, content).story();
    return `${queries[0].kind}${queries[0].truncated ? ' truncated' : ''}`;
  };
  t.equal(kind({ answers: [address('192.0.2.80')] }), 'answer');
  t.equal(kind({ rcode: RCODE_NXDOMAIN }), 'nxdomain');
  t.equal(kind({ rcode: RCODE_SERVFAIL }), 'error');
  t.equal(kind({ authorities: [delegation] }), 'referral');
  t.equal(kind({ truncated: true }), 'answer truncated');
});

t.test('no answer at all is an error with the question alone', async (t) => {
  const names = new Names();
  names.asks('client', 7);
  const [{ queries }] = names.story();
  t.match(queries, [{ kind: 'error', frames: [1], ms: 0, answers: [] }]);
});

t.test('an answer out of the cache of the server that was asked', async (t) => {
  const names = new Names();
  const query = names.asks('client', 7);
  const hit = { event: 'dns-cache' as const, cache: 'isp' as const, name: 'WWW.server.com.', type: 'A', answers: [] };
  names.at(1).told('isp', { ...hit, hit: true });
  names.at(2).answer('client', query, { answers: [address('192.0.2.80')] });
  const [story] = names.story();
  t.equal(story.queries[0].kind, 'cached');
  t.equal(story.source, 'isp');
  t.same(story.caches, [{ cache: 'isp', device: 'isp', hit: true }]);
});

t.test('caches in the order in which they were asked; the first that knew is the source', async (t) => {
  const names = new Names();
  for (const [at, cache] of (['browser', 'hosts', 'os'] as const).entries()) {
    names.at(at).told('client', { event: 'dns-cache', cache, name: NAME, type: 'A', hit: cache === 'os', answers: [] });
  }
  const [story] = names.story(['192.0.2.80']);
  t.same(
    story.caches.map(({ cache, hit }) => `${cache} ${hit}`),
    ['browser false', 'hosts false', 'os true'],
  );
  t.match(story, { source: 'os', queries: [] });
});

t.test('a literal address is no look-up', async (t) => {
  const lookup = {
    name: '192.0.2.1',
    type: 'A',
    addresses: [],
    startAt: START,
    endAt: START,
    source: 'literal' as const,
  };
  t.same(dnsStory(new Names().build('client', { lookups: [lookup] })), []);
});
