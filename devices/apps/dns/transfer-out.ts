/** Handing a zone out: all of it (AXFR, RFC 5936), or what has changed since a serial (IXFR, RFC 1995). */
import { type DnsMessage, dnsResponse, emitDns, RCODE_FORMERR } from '../../stack/wire/dns.js';
import { sameName } from '../../stack/wire/dns-name.js';
import { type ResourceRecord, uncompressedLength } from '../../stack/wire/dns-record.js';
import type { HostedZone } from './hosted-zone.js';
import { type Difference, differenceSize } from './journal.js';
import { isNewerSerial } from './serial.js';
import type { Zone } from './zone.js';

/** Bytes of records, not compressed, in one message: RFC 5936 section 2.2 wants many, and one may be larger alone. */
const MESSAGE_BYTES = 16_000;

/** What an allowed question for a transfer is answered with; the zone must be there. */
export function transferAnswer(
  query: DnsMessage,
  hosted: HostedZone,
  zone: Zone,
  udpLimit?: number,
): Iterable<DnsMessage> | DnsMessage {
  const [question] = query.questions;
  if (question.type === 'AXFR') {
    // RFC 5936 section 4.2: not by datagrams.
    if (udpLimit !== undefined) return dnsResponse(query, { rcode: RCODE_FORMERR });
    return inMessages(query, wholeZone(zone));
  }
  const have = query.authorities.find((record) => record.type === 'SOA' && sameName(record.name, zone.name));
  if (have?.type !== 'SOA') return dnsResponse(query, { rcode: RCODE_FORMERR });
  const records = [...changesSince(hosted, zone, have.serial)];
  if (udpLimit === undefined) return inMessages(query, records);
  // RFC 1995 section 2: when it does not fit into a datagram, the SOA alone, which sends the client to TCP.
  const whole = dnsResponse(query, { authoritative: true, answers: records });
  const fits = emitDns(whole).length <= udpLimit;
  return fits ? whole : { ...whole, answers: [zone.soa] };
}

function* wholeZone(zone: Zone): Iterable<ResourceRecord> {
  yield* zone.all();
  yield zone.soa;
}

/** RFC 1995 section 4: the new SOA; for each step the old SOA, what goes, the next SOA, what comes; the new SOA. */
function* changesSince(hosted: HostedZone, zone: Zone, serial: number): Iterable<ResourceRecord> {
  if (!isNewerSerial(zone.soa.serial, serial)) {
    yield zone.soa;
    return;
  }
  const steps = hosted.journal.since(serial);
  if (steps === undefined || sizeOf(steps) > zone.size) {
    yield* wholeZone(zone);
    return;
  }
  yield zone.soa;
  for (const { from, to, removed, added } of steps) yield* [from, ...removed, to, ...added];
  yield zone.soa;
}

function sizeOf(steps: readonly Difference[]): number {
  return steps.reduce((sum, step) => sum + differenceSize(step), 0);
}

/** RFC 5936 section 2.2: the question stands in the first one only. */
function* inMessages(query: DnsMessage, records: Iterable<ResourceRecord>): Iterable<DnsMessage> {
  let { questions } = query;
  let answers: ResourceRecord[] = [];
  let bytes = 0;
  const message = (): DnsMessage => {
    const made = dnsResponse(query, { authoritative: true, questions, answers });
    questions = [];
    answers = [];
    bytes = 0;
    return made;
  };
  for (const record of records) {
    const length = uncompressedLength(record);
    if (answers.length > 0 && bytes + length > MESSAGE_BYTES) yield message();
    answers.push(record);
    bytes += length;
  }
  yield message();
}
