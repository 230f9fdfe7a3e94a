/** From the answer of a server to what it says about the question, and from there into a cache. */
import { formatIpv4 } from '../stack/wire/address.js';
import { type DnsMessage, isReferral, RCODE_NOERROR, RCODE_NXDOMAIN, RCODE_YXDOMAIN } from '../stack/wire/dns.js';
import { isWithin, sameName, substituted } from '../stack/wire/dns-name.js';
import type { QuestionType, ResourceRecord } from '../stack/wire/dns-record.js';
import { type CacheFinding, type DnsCache, MAX_CNAME_CHAIN } from './dns-cache.js';

/**
 * Whether what a message holds can be used at all: not when it tells of a failure (as BIND and unbound do), and not
 * when it is truncated (RFC 2181 section 9).
 */
export function isUsable({ rcode, truncated }: DnsMessage): boolean {
  return [RCODE_NOERROR, RCODE_NXDOMAIN, RCODE_YXDOMAIN].includes(rcode) && !truncated;
}

/** What an answer says about the question, aliases followed; undefined when it says nothing that can be used. */
export function findingOf(message: DnsMessage, name: string, type: QuestionType): CacheFinding | undefined {
  if (!isUsable(message)) return undefined;
  const records: ResourceRecord[] = [];
  let at = name;
  for (let hops = 0; hops <= MAX_CNAME_CHAIN; hops++) {
    const found = message.answers.filter((record) => record.type === type && sameName(record.name, at));
    if (found.length > 0) return { kind: 'answer', records: [...records, ...found] };
    const alias = message.answers.find((record) => record.type === 'CNAME' && sameName(record.name, at));
    if (alias?.type !== 'CNAME') break;
    records.push(alias);
    at = alias.target;
  }
  if (message.rcode === RCODE_YXDOMAIN) {
    const dname = message.answers.find((record) => record.type === 'DNAME' && makesTooLong(record, at));
    return dname && { kind: 'yxdomain', records: [...records, dname] };
  }
  if (isReferral(message)) return undefined;
  const soa = message.authorities.find((record) => record.type === 'SOA');
  const kind = message.rcode === RCODE_NXDOMAIN ? 'nxdomain' : 'nodata';
  return { kind, records, soa };
}

function makesTooLong(record: ResourceRecord, name: string): boolean {
  if (record.type !== 'DNAME' || sameName(name, record.name) || !isWithin(name, record.name)) return false;
  return substituted(name, record.name, record.target) === undefined;
}

/** The dotted addresses among records, in their order. */
export function addressesIn(records: readonly ResourceRecord[]): string[] {
  return records.flatMap((record) => (record.type === 'A' ? [formatIpv4(record.address)] : []));
}

/**
 * Puts a finding into a cache: the records, or their absence under the last name of the chain. Returns it with its TTLs
 * as the cache tells them from then on.
 */
export function rememberAnswer(cache: DnsCache, found: CacheFinding, name: string, type: QuestionType): CacheFinding {
  const records = cache.put(found.records);
  if (found.kind === 'answer' || found.soa === undefined) return { ...found, records };
  const last = records.at(-1);
  const owner = last?.type === 'CNAME' ? last.target : name;
  return { ...found, records, soa: cache.putNegative(found.kind, owner, type, found.soa) };
}
