/** What a server tells about itself in class CHAOS (RFC 4892, and BIND's older names for the same). */
import { type DnsMessage, dnsResponse, RCODE_REFUSED } from '../../stack/wire/dns.js';
import { canonicalName } from '../../stack/wire/dns-name.js';
import { CLASS_CH } from '../../stack/wire/dns-record.js';

const SOFTWARE = 'Netarium';

/** `identity`: the server's name for itself. */
export function chaosAnswer(query: DnsMessage, identity: string): DnsMessage {
  const [{ name, type }] = query.questions;
  const text = textOf(canonicalName(name), identity);
  if (text === undefined) return dnsResponse(query, { rcode: RCODE_REFUSED });
  const isAsked = type === 'TXT' || type === 'ANY';
  const strings = [new TextEncoder().encode(text)];
  const answers = isAsked ? [{ type: 'TXT' as const, name, class: CLASS_CH, ttl: 0, strings }] : [];
  return dnsResponse(query, { authoritative: true, answers });
}

function textOf(name: string, identity: string): string | undefined {
  if (name === 'version.bind' || name === 'version.server') return SOFTWARE;
  return name === 'hostname.bind' || name === 'id.server' ? identity : undefined;
}
