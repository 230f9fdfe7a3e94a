/** Dynamic updates (RFC 2136): prerequisites, changes, the serial, and who may. */
import t from 'tap';
import { isNewerSerial, nextSerial } from '../../../devices/apps/dns/serial.js';
import { applyUpdate } from '../../../devices/apps/dns/update.js';
import { Zone } from '../../../devices/apps/dns/zone.js';
import { zoneRecord } from '../../../devices/apps/dns/zone-record.js';
import { dnsQuery, OPCODE_UPDATE } from '../../../devices/stack/wire/dns.js';
import {
  bareData,
  CLASS_ANY,
  CLASS_IN,
  CLASS_NONE,
  formatRecordData,
  type QuestionType,
  type ResourceRecord,
  typeName,
  typeNumber,
} from '../../../devices/stack/wire/dns-record.js';
import { DnsNet, type DnsNode, zone } from './dns-net.js';

const BEFORE = Zone.fromConfig(
  zone(
    'server.com',
    '@ 60 SOA ns1 admin 7 100 10 1000 30',
    '@ 60 NS ns1',
    'ns1 60 A 10.0.0.1',
    'www 60 A 10.0.0.2',
    'www 60 TXT hello',
    'ftp 60 CNAME www',
  ),
);

/** `www 60 A 10.0.0.9` */
function record(line: string, change: Partial<ResourceRecord> = {}): ResourceRecord {
  const [config] = zone('server.com', line).records;
  return { ...zoneRecord(config, 'server.com'), ...change } as ResourceRecord;
}

/** A record that only names a type. */
function bare(name: string, type: QuestionType, recordClass: number): ResourceRecord {
  return { name: `${name}.server.com`, class: recordClass, ttl: 0, ...bareData(typeNumber(type)) };
}

function update(updates: readonly ResourceRecord[], prerequisites: readonly ResourceRecord[] = []) {
  const message = { ...dnsQuery(1, 'server.com', 'SOA', false), opcode: OPCODE_UPDATE };
  return applyUpdate(BEFORE, { ...message, answers: prerequisites, authorities: updates });
}

/** What differs afterwards: `+www 60 A 10.0.0.9`, or the rcode. */
function changes(updates: readonly ResourceRecord[], prerequisites?: readonly ResourceRecord[]): string[] | number {
  const { rcode, zone: after } = update(updates, prerequisites);
  if (rcode !== 0) return rcode;
  if (after === undefined) return [];
  const lines = (content: Zone) =>
    [...content.all()].map(
      (one) => `${one.name.replace(/\.?server\.com$/, '') || '@'} ${one.ttl} ${one.type} ${formatRecordData(one)}`,
    );
  const [old, young] = [lines(BEFORE), lines(after)];
  const soa = / SOA /;
  t.equal(after.soa.serial, 8, 'the serial goes on');
  return [
    ...old.filter((one) => !young.includes(one) && !soa.test(one)).map((one) => `-${one}`),
    ...young.filter((one) => !old.includes(one) && !soa.test(one)).map((one) => `+${one}`),
  ];
}

t.test('records are added', async (t) => {
  t.same(changes([record('new 60 A 10.0.0.9')]), ['+new 60 A 10.0.0.9']);
  t.same(changes([record('www 60 A 10.0.0.9')]), ['+www 60 A 10.0.0.9']);
  t.same(changes([record('www 60 A 10.0.0.2')]), [], 'it is there');
  t.same(
    changes([record('www 5 A 10.0.0.9')]),
    ['-www 60 A 10.0.0.2', '+www 5 A 10.0.0.2', '+www 5 A 10.0.0.9'],
    'one TTL for the set',
  );
  t.same(changes([record('ftp 60 A 10.0.0.9')]), [], 'beside an alias: passed over');
  t.same(changes([record('www 60 CNAME x')]), [], 'an alias beside others too');
  t.same(
    changes([record('ftp 60 CNAME x')]),
    ['-ftp 60 CNAME www.server.com.', '+ftp 60 CNAME x.server.com.'],
    'one alias for another',
  );
});

t.test('records are removed: one, a set, all of a name', async (t) => {
  t.same(changes([record('www 0 A 10.0.0.2', { class: CLASS_NONE })]), ['-www 60 A 10.0.0.2']);
  t.same(changes([record('www 0 A 10.0.0.9', { class: CLASS_NONE })]), []);
  t.same(changes([bare('www', 'TXT', CLASS_ANY)]), ['-www 60 TXT "hello"']);
  t.same(changes([bare('www', 'ANY', CLASS_ANY)]), ['-www 60 A 10.0.0.2', '-www 60 TXT "hello"']);
  const apex = { ...bare('', 'ANY', CLASS_ANY), name: 'server.com' };
  t.same(changes([apex]), [], 'SOA and NS of the zone itself stay');
  t.same(changes([{ ...record('@ 0 NS ns1'), class: CLASS_NONE, ttl: 0 }]), [], 'the last NS record stays');
});

t.test('in order, all or nothing', async (t) => {
  t.same(changes([bare('www', 'A', CLASS_ANY), record('www 60 A 10.0.0.9')]), [
    '-www 60 A 10.0.0.2',
    '+www 60 A 10.0.0.9',
  ]);
  t.same(changes([record('www 60 A 10.0.0.9'), bare('www', 'A', CLASS_ANY)]), ['-www 60 A 10.0.0.2']);
  const outside = { ...record('x 60 A 10.0.0.9'), name: 'x.other.com' };
  t.equal(changes([record('new 60 A 10.0.0.9'), outside]), 10, 'NOTZONE');
  t.equal(changes([record('new 60 A 10.0.0.9'), bare('x', 'A', CLASS_IN + 1)]), 1, 'FORMERR');
  t.equal(changes([{ ...bare('x', 'A', CLASS_ANY), ttl: 5 }]), 1);
  t.equal(changes([record('x 0 A 10.0.0.9', { class: CLASS_ANY })]), 1, 'a set to remove has no data');
  t.equal(changes([bare('x', 'ANY', CLASS_NONE)]), 1);
});

t.test('what is no data of any zone is FORMERR, added or removed (sections 3.4.1.2 and 3.4.1.3)', async (t) => {
  for (const number of [0, 41, 128, 249, 250, 251, 252, 253, 254]) {
    const meta = { ...bare('x', typeName(number), CLASS_IN), ...bareData(number) } as ResourceRecord;
    for (const type of [CLASS_IN, CLASS_ANY, CLASS_NONE]) t.equal(changes([{ ...meta, class: type }]), 1, meta.type);
  }
});

t.test('a record too long for any message is refused, and the set stays as it was', async (t) => {
  const long = { type: 'TYPE65280' as const, bytes: new Uint8Array(65_100) };
  t.equal(changes([record('www 5 A 10.0.0.9'), { ...record('www 5 TXT x'), ...long } as ResourceRecord]), 5);
});

t.test('what tells of an alias stands beside it (RFC 4034 sections 3 and 4)', async (t) => {
  const signature = { ...record('ftp 60 A 10.0.0.9'), type: 'RRSIG', bytes: Uint8Array.of(1, 2) } as ResourceRecord;
  t.same(changes([signature]), ['+ftp 60 RRSIG \\# 2 0102']);
});

t.test('the serial: set by the update, or one more; it goes round and leaves out 0', async (t) => {
  const soa = (serial: number) => record(`@ 60 SOA ns1 admin ${serial} 100 10 1000 30`);
  t.equal(update([soa(100)]).zone?.soa.serial, 100);
  t.equal(update([soa(5)]).zone, undefined, 'an older one is passed over');
  t.equal(nextSerial(0xffffffff), 1);
  t.equal(isNewerSerial(1, 0xffffffff), true);
  t.equal(isNewerSerial(0xffffffff, 1), false);
  t.equal(isNewerSerial(7, 7), false);
  t.equal(isNewerSerial(0x80000000, 0), false, 'half a round: undefined');
  t.equal(isNewerSerial(0, 0x80000000), false);
});

t.test('prerequisites', async (t) => {
  const fine = [record('new 60 A 10.0.0.9')];
  const outcome = (...prerequisites: ResourceRecord[]) => update(fine, prerequisites).rcode;
  t.equal(outcome(bare('www', 'ANY', CLASS_ANY), bare('www', 'A', CLASS_ANY)), 0, 'name and set are in use');
  t.equal(outcome(bare('no', 'ANY', CLASS_ANY)), 3, 'NXDOMAIN');
  t.equal(outcome(bare('www', 'MX', CLASS_ANY)), 8, 'NXRRSET');
  t.equal(outcome(bare('no', 'ANY', CLASS_NONE), bare('www', 'MX', CLASS_NONE)), 0);
  t.equal(outcome(bare('www', 'ANY', CLASS_NONE)), 6, 'YXDOMAIN');
  t.equal(outcome(bare('www', 'A', CLASS_NONE)), 7, 'YXRRSET');
  t.equal(outcome(record('www 0 A 10.0.0.2')), 0, 'exactly this set');
  t.equal(outcome(record('www 0 A 10.0.0.2'), record('www 0 A 10.0.0.3')), 8);
  t.equal(outcome(record('www 0 A 10.0.0.3')), 8);
  t.equal(outcome(record('www 5 A 10.0.0.2')), 1, 'with a TTL: FORMERR');
  t.equal(outcome({ ...bare('x', 'A', CLASS_ANY), name: 'other.com' }), 10);
  t.equal(outcome(record('www 0 A 10.0.0.2', { class: CLASS_ANY })), 1);
});

t.test('who may: the allowed, and the machine itself; not by way of a secondary', async (t) => {
  const net = new DnsNet();
  const config = zone('server.com', '@ NS ns1', 'ns1 A 10.0.0.1');
  const one = net.nameServer('one', { zones: [{ ...config, update: ['10.0.1.1'], transfer: ['10.0.2.1'] }] });
  const friend = net.host('friend');
  const two = net.nameServer('two', { zones: [{ name: 'server.com', records: [], primaries: [one.ip] }] });
  await net.runFor(1000);
  const send = async (from: DnsNode, to: DnsNode, name = 'server.com') => {
    const content = { opcode: OPCODE_UPDATE, authorities: [record(`${from.name} 60 A 10.0.0.9`)] };
    return (await net.ask(from, to, { name, type: 'SOA', recursionDesired: false, content })).message.rcode;
  };
  t.equal(await send(friend, one), 0);
  t.equal(await send(one, one), 0);
  t.equal(await send(two, one), 5);
  t.equal(await send(friend, two), 5);
  t.equal(await send(friend, one, 'other.com'), 9);
  t.match(one.server.zoneRows(), [{ serial: 3, journal: 2 }]);
});
