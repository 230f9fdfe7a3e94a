/** Zones that change at random: what is changed in place is what is built anew, and copies by IXFR and AXFR keep up. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { HostedZone } from '../../../devices/apps/dns/hosted-zone.js';
import { applyDifferences } from '../../../devices/apps/dns/journal.js';
import { zoneRefusalOf } from '../../../devices/apps/dns/refusals.js';
import { transferAnswer } from '../../../devices/apps/dns/transfer-out.js';
import { TransferError, TransferStream } from '../../../devices/apps/dns/transfer-stream.js';
import { applyUpdate } from '../../../devices/apps/dns/update.js';
import { Zone } from '../../../devices/apps/dns/zone.js';
import { ZoneService } from '../../../devices/apps/dns/zone-service.js';
import { type DnsMessage, dnsQuery, emitDns, OPCODE_UPDATE, parseDns } from '../../../devices/stack/wire/dns.js';
import {
  bareData,
  CLASS_ANY,
  CLASS_IN,
  CLASS_NONE,
  formatRecordData,
  type QuestionType,
  type RecordData,
  type ResourceRecord,
} from '../../../devices/stack/wire/dns-record.js';
import { isMalformed } from '../../../devices/stack/wire/malformed.js';
import { DnsNet, zone } from './dns-net.js';

const NAMES = ['server.com', 'a.server.com', 'b.a.server.com', '*.a.server.com', 'c.b.a.server.com', 'd.server.com'];
const ASKED = [...NAMES, 'x.a.server.com', 'x.server.com', 'x.d.server.com'];
const LIMITS = { maxRecords: 1000, maxBytes: 1e6 };

const data = fc.constantFrom<RecordData>(
  { type: 'A', address: 1 },
  { type: 'A', address: 2 },
  { type: 'TXT', strings: [new Uint8Array([65])] },
  { type: 'CNAME', target: 'd.server.com' },
  { type: 'DNAME', target: 'e.server.com' },
  { type: 'NS', target: 'ns.elsewhere.net' },
);
const change = fc
  .tuple(fc.constantFrom(...NAMES), data, fc.constantFrom('add', 'remove', 'set', 'all'), fc.constantFrom(5, 60))
  .map(([name, fields, what, ttl]): ResourceRecord => {
    if (what === 'add') return { name, class: CLASS_IN, ttl, ...fields };
    if (what === 'remove') return { name, class: CLASS_NONE, ttl: 0, ...fields };
    const type = { A: 1, TXT: 16, CNAME: 5, DNAME: 39, NS: 2 }[fields.type as 'A'];
    return { name, class: CLASS_ANY, ttl: 0, ...bareData(what === 'set' ? type : 255) };
  });
const updates = fc.array(fc.array(change, { minLength: 1, maxLength: 4 }), { maxLength: 8 });

/** Everything that the zone says, in an order of its own. */
function said(content: Zone): string[] {
  const records = [...content.all()].map((one) => `${one.name} ${one.ttl} ${one.type} ${formatRecordData(one)}`);
  const found = ASKED.flatMap((name) =>
    (['A', 'TXT', 'CNAME', 'NS', 'DS'] as const).map((type) => {
      const finding = content.find(name, type);
      const texts = 'records' in finding ? finding.records.map(formatRecordData).sort() : [];
      return `${name} ${type}: ${finding.kind} ${texts.join(' ')}`;
    }),
  );
  return [...records.sort(), ...found];
}

/** What comes of the answer at the other end, by way of the wire. */
function received(answer: Iterable<DnsMessage> | DnsMessage, have: number | undefined) {
  const stream = new TransferStream('server.com', have, LIMITS);
  for (const message of Symbol.iterator in answer ? answer : [answer]) {
    const bytes = emitDns(message);
    const parsed = parseDns(bytes);
    if (isMalformed(parsed)) throw new Error(parsed.malformed);
    const transfer = stream.push(parsed, bytes.length);
    if (transfer !== undefined) return transfer;
  }
  throw new Error('the transfer has no end');
}

t.test('after any changes: the same as built anew, and as its copies', async () => {
  const { network } = new DnsNet().host('server');
  fc.assert(
    fc.property(updates, fc.nat(7), (sequence, behind) => {
      const hosted = new HostedZone(
        network,
        zone('server.com', '@ 60 SOA ns1 admin 7 100 10 1000 30', '@ 60 NS ns1', 'a 60 A 10.0.0.1'),
      );
      let copy = hosted.zone as Zone;
      const copied = (): void => {
        const current = hosted.zone as Zone;
        const query = { ...dnsQuery(1, 'server.com', 'IXFR', false), authorities: [copy.soa] };
        const transfer = received(transferAnswer(query, hosted, current), copy.soa.serial);
        if (transfer.kind === 'changes') copy = applyDifferences(copy, transfer.differences);
        else if (transfer.kind === 'zone') copy = Zone.fromRecords('server.com', transfer.records);
        assert.deepEqual(said(copy), said(current));
      };
      sequence.forEach((authorities, index) => {
        const message = { ...dnsQuery(1, 'server.com', 'SOA', false), opcode: OPCODE_UPDATE, authorities };
        const { rcode, zone: after, difference } = applyUpdate(hosted.zone as Zone, message);
        assert.equal(rcode, 0);
        if (after !== undefined && difference !== undefined) hosted.replace(after, [difference]);
        const current = hosted.zone as Zone;
        const anew = Zone.fromRecords('server.com', current.all());
        assert.deepEqual(said(current), said(anew));
        assert.equal(current.size, anew.size);
        if (index % (behind + 1) === behind) copied();
      });
      copied();
      const axfr = received(
        transferAnswer(dnsQuery(1, 'server.com', 'AXFR', false), hosted, hosted.zone as Zone),
        undefined,
      );
      assert.ok(axfr.kind === 'zone');
      assert.deepEqual(said(Zone.fromRecords('server.com', axfr.records)), said(hosted.zone as Zone));
    }),
    { numRuns: 200 },
  );
});

t.test('any records in any order: a transfer, or an error that says why', async () => {
  const soa = fc.constantFrom(6, 7, 8, 9).map((serial): ResourceRecord => {
    const fields = { mname: 'ns', rname: 'admin', refresh: 1, retry: 1, expire: 1, minimum: 1 };
    return { type: 'SOA', name: 'server.com', class: CLASS_IN, ttl: 60, serial, ...fields };
  });
  const record = fc.oneof(
    soa,
    fc.tuple(fc.constantFrom(...NAMES), data).map(([name, fields]) => ({ name, class: CLASS_IN, ttl: 60, ...fields })),
  );
  const messages = fc.array(fc.array(record, { maxLength: 5 }), { maxLength: 5 });
  const copy = Zone.fromConfig(zone('server.com', '@ 60 SOA ns admin 7 1 1 1 1', 'a 60 A 10.0.0.1'));
  fc.assert(
    fc.property(messages, fc.constantFrom(undefined, 7), (sections, have) => {
      const stream = new TransferStream('server.com', have, LIMITS);
      try {
        for (const answers of sections) {
          const transfer = stream.push({ ...dnsQuery(1, 'server.com', 'IXFR', false), answers }, 100);
          if (transfer?.kind === 'zone') Zone.fromRecords('server.com', transfer.records);
          if (transfer?.kind === 'changes') {
            const after = applyDifferences(copy, transfer.differences);
            assert.deepEqual(said(after), said(Zone.fromRecords('server.com', after.all())));
          }
          if (transfer !== undefined) break;
        }
      } catch (error) {
        assert.ok(
          error instanceof TransferError ||
            /is (not )?there|has one|beside|cannot be an alias|lies outside|no SOA|changes of/.test(
              (error as Error).message,
            ),
          String(error),
        );
      }
    }),
    { numRuns: 500 },
  );
});

t.test('any message of any kind, from anybody, gets an answer', async () => {
  const { network, random, tracer, log } = new DnsNet().host('server');
  const config = zone('server.com', '@ 60 NS ns1', 'a 60 A 10.0.0.1');
  const service = new ZoneService(
    network,
    [
      { ...config, transfer: ['10.9.0.1'], update: ['10.9.0.1'] },
      { name: 'copy.com', records: [], primaries: ['10.9.0.1'] },
    ],
    { random, tracer, log },
  );
  const section = fc.array(change, { maxLength: 3 });
  const message = fc
    .tuple(
      fc.constantFrom(0, 2, 4, 5),
      fc.constantFrom('server.com', 'copy.com', 'a.server.com', 'version.bind', '.'),
      fc.constantFrom<QuestionType>('SOA', 'AXFR', 'IXFR', 'A', 'ANY', 'TXT'),
      fc.constantFrom(1, 3, 255),
      section,
      section,
    )
    .map(([opcode, name, type, questionClass, answers, authorities]): DnsMessage => {
      const questions = [{ name, type, class: questionClass }];
      return { ...dnsQuery(1, name, type, false), opcode, questions, answers, authorities };
    });
  const asker = fc.record({
    address: fc.constantFrom('10.9.0.1', '10.9.0.2', '127.0.0.1', ''),
    transport: fc.constantFrom('udp' as const, 'tcp' as const),
  });
  fc.assert(
    fc.property(message, asker, (query, from) => {
      if (zoneRefusalOf(query) !== undefined) return;
      const answer = service.special(query, from);
      const messages = answer === undefined ? [] : Symbol.iterator in answer ? [...answer] : [answer];
      for (const one of messages) {
        assert.ok(one.response && one.id === 1 && one.rcode <= 10);
        assert.ok(emitDns(one).length >= 12);
      }
      if (answer === undefined) assert.ok(service.authority.answer(query.questions[0]).kind);
    }),
    { numRuns: 1000 },
  );
  service.stop();
});
