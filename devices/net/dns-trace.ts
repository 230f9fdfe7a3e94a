/** What the trace tells of DNS: every question that leaves, every answer that comes, every cache that is asked. */
import type { TraceDetail, Tracer } from '../stack/trace.js';
import { type DnsMessage, isReferral, RCODE_NOERROR, RCODE_NXDOMAIN } from '../stack/wire/dns.js';
import { formatRecordData, type QuestionType, type ResourceRecord } from '../stack/wire/dns-record.js';
import type { CacheFinding, DnsCache } from './dns-cache.js';

export type DnsAnswerKind = (TraceDetail & { event: 'dns-answer' })['kind'];

export function answerKind(message: DnsMessage): DnsAnswerKind {
  if (message.truncated) return 'truncated';
  if (message.rcode === RCODE_NXDOMAIN) return 'nxdomain';
  if (message.rcode !== RCODE_NOERROR) return 'error';
  if (isReferral(message)) return 'referral';
  return message.answers.length === 0 ? 'nodata' : 'answer';
}

/** Data as text; names without their final dot, aliases before what they stand for. */
function recordTexts(records: readonly ResourceRecord[]): string[] {
  return records.map((record) =>
    record.type !== 'SRV' && 'target' in record ? record.target : formatRecordData(record),
  );
}

/** The answers, or the name servers that a referral names. */
export function answerTexts(message: DnsMessage): string[] {
  if (!isReferral(message)) return recordTexts(message.answers);
  return recordTexts(message.authorities.filter((record) => record.type === 'NS'));
}

/** Asks a cache and tells the trace what it said. */
export function askCache(cache: DnsCache, name: string, type: QuestionType, tracer: Tracer): CacheFinding | undefined {
  const found = cache.resolve(name, type);
  if (tracer.enabled) {
    const records = found?.records ?? [];
    const proof = found === undefined || found.kind === 'answer' || found.soa === undefined ? [] : [found.soa];
    const ttls = [...records, ...proof];
    tracer.emit({
      event: 'dns-cache',
      cache: cache.cache,
      name,
      type,
      hit: found !== undefined,
      answers: recordTexts(records),
      ...(ttls.length === 0 ? {} : { ttlSeconds: Math.min(...ttls.map((record) => record.ttl)) }),
    });
  }
  return found;
}
