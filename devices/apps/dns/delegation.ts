/** Which servers are in charge of which zone, as far as a cache and the root hints tell (RFC 1034 section 5.3.3). */
import { type DnsCache, FROM_REFERRAL } from '../../net/dns-cache.js';
import { addressesIn } from '../../net/dns-finding.js';
import { parseIpv4 } from '../../stack/wire/address.js';
import { type DnsMessage, hasReferral } from '../../stack/wire/dns.js';
import { canonicalName, isWithin, nameFromText, parentName, ROOT_NAME, sameName } from '../../stack/wire/dns-name.js';
import { CLASS_IN, type QuestionType, type ResourceRecord } from '../../stack/wire/dns-record.js';

export interface ZoneServer {
  readonly name: string;
  /** Dotted; none while they are not known (no glue). */
  readonly addresses: readonly string[];
}

export interface Delegation {
  readonly zone: string;
  readonly servers: readonly ZoneServer[];
}

/** RFC 1035 section 5.3.3: what every server knows from the beginning. */
export interface RootHint {
  readonly name: string;
  readonly address: string;
}

/** Name servers of a zone that are remembered: three times as many as the root has. */
export const MAX_SERVERS = 39;

/** Throws Error for a hint that is no name or no address. */
export function rootDelegation(hints: readonly RootHint[]): Delegation {
  const servers = new Map<string, string[]>();
  for (const hint of hints) {
    const name = nameFromText(hint.name);
    if (name === undefined || parseIpv4(hint.address) === undefined) {
      throw new Error(`root hint ${hint.name} ${hint.address}: not a name and an IPv4 address`);
    }
    servers.set(canonicalName(name), [...(servers.get(canonicalName(name)) ?? []), hint.address]);
  }
  return { zone: ROOT_NAME, servers: [...servers].map(([name, addresses]) => ({ name, addresses })) };
}

/**
 * The closest zone above the name (or of it) whose servers the cache knows; the root by the hints, in the end. DS stands
 * on the upper side of a cut: the zone of the name itself does not have it (RFC 4035 section 4.2).
 */
export function closestDelegation(cache: DnsCache, root: Delegation, name: string, type: QuestionType): Delegation {
  for (
    let zone: string | undefined = type === 'DS' ? parentName(name) : name;
    zone !== undefined;
    zone = parentName(zone)
  ) {
    const known = knownDelegation(cache, zone);
    if (known !== undefined && isUsable(known)) return known;
  }
  return root;
}

function knownDelegation(cache: DnsCache, zone: string): Delegation | undefined {
  const found = cache.get(zone, 'NS', FROM_REFERRAL);
  if (found?.kind !== 'answer') return undefined;
  const servers = found.records.flatMap((record) =>
    record.type === 'NS' ? [{ name: record.target, addresses: addressesOf(cache, record.target) }] : [],
  );
  return { zone, servers };
}

/**
 * Of a zone whose servers all have names within it, at least one address must be known: when the glue has left the
 * cache before the NS records, the way leads through the parent again.
 */
function isUsable(delegation: Delegation): boolean {
  return delegation.servers.some((server) => server.addresses.length > 0 || !isWithin(server.name, delegation.zone));
}

export function addressesOf(cache: DnsCache, name: string): string[] {
  const found = cache.get(name, 'A', FROM_REFERRAL);
  return addressesIn(found?.records ?? []);
}

/**
 * The zone that a referral leads to (with AA too, as BIND and unbound take it), when it leads closer to `name` than `from`. Undefined for a referral upwards,
 * sideways or to the same zone: who gives that is lame (RFC 1912 section 2.8) and would lead in circles.
 */
export function referredZone(message: DnsMessage, from: string, name: string): string | undefined {
  if (!hasReferral(message)) return undefined;
  const servers = message.authorities.find((record) => record.type === 'NS');
  if (servers === undefined) return undefined;
  const zone = servers.name;
  const closer = isWithin(zone, from) && !sameName(zone, from) && isWithin(name, zone);
  return closer ? zone : undefined;
}

/**
 * Keeps a referral's NS records, and glue only for what the server that gave it may speak of (bailiwick).
 * Returns the delegation, with what the cache knows of its servers besides.
 */
export function takeReferral(cache: DnsCache, message: DnsMessage, from: string, zone: string): Delegation {
  const records = message.authorities.filter((record) => record.class === CLASS_IN && sameName(record.name, zone));
  const servers = records.filter((record) => record.type === 'NS').slice(0, MAX_SERVERS);
  const glue = message.additionals.filter(
    (record) => record.type === 'A' && record.class === CLASS_IN && isWithin(record.name, from),
  );
  const glueOf = (name: string) => glue.filter((record) => sameName(record.name, name));
  const names = servers.flatMap((record) => (record.type === 'NS' ? [record.target] : []));
  cache.put([...servers, ...names.flatMap(glueOf)], FROM_REFERRAL);
  return {
    zone,
    servers: names.map((name) => {
      const given = addressesIn(glueOf(name));
      return { name, addresses: given.length > 0 ? given : addressesOf(cache, name) };
    }),
  };
}

/** A delegation as the authority and additional sections that tell of it. */
export function delegationSections(
  delegation: Delegation,
  ttl: number,
): { authorities: ResourceRecord[]; additionals: ResourceRecord[] } {
  const authorities = delegation.servers.map(
    (server): ResourceRecord => ({ type: 'NS', name: delegation.zone, class: CLASS_IN, ttl, target: server.name }),
  );
  const additionals = delegation.servers.flatMap((server) =>
    server.addresses.flatMap((text): ResourceRecord[] => {
      const address = parseIpv4(text);
      return address === undefined ? [] : [{ type: 'A', name: server.name, class: CLASS_IN, ttl, address }];
    }),
  );
  return { authorities, additionals };
}
