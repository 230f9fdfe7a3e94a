/** Domain names as zones need them: lower case, absolute, with the final dot. */
import { type Cidr, networkOf } from '../../devices/stack/wire/address.js';

const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;
/** RFC 1035 section 2.3.4: 255 octets on the wire, which is 254 characters with the final dot. */
const LONGEST_NAME = 254;

/** `server.com.`, `.`; undefined when the text is no domain name. */
export function absoluteName(text: string): string | undefined {
  const name = text.toLowerCase();
  if (name === '.') return '.';
  const labels = (name.endsWith('.') ? name.slice(0, -1) : name).split('.');
  if (!labels.every((label) => LABEL.test(label))) return undefined;
  const absolute = `${labels.join('.')}.`;
  return absolute.length > LONGEST_NAME ? undefined : absolute;
}

/** An owner name: relative to the zone, unless it ends with a dot. `@` is the zone, `*` a wildcard (RFC 4592). */
export function ownerName(text: string, zone: string): string | undefined {
  if (text === '@') return zone;
  const wild = /^\*(?:\.(.+))?$/.exec(text);
  if (wild !== null) {
    const above = ownerName(wild[1] ?? '@', zone);
    return above && `*.${above === '.' ? '' : above}`;
  }
  if (text.endsWith('.')) return absoluteName(text);
  return absoluteName(zone === '.' ? text : `${text}.${zone}`);
}

/** A name in data: a single label is relative to the zone, one with a dot is absolute. */
export function targetName(text: string, zone: string): string | undefined {
  return text === '@' || !text.includes('.') ? ownerName(text, zone) : absoluteName(text);
}

/** Whether `name` is `zone` or below it. */
export function isWithin(name: string, zone: string): boolean {
  return zone === '.' || name === zone || name.endsWith(`.${zone}`);
}

/** RFC 1035 section 3.5: 203.0.113.0/24 is 113.0.203.in-addr.arpa. Only for whole octets: 8, 16 or 24. */
export function reverseZone(subnet: Cidr): string | undefined {
  const { prefixLength } = subnet;
  if (prefixLength !== 8 && prefixLength !== 16 && prefixLength !== 24) return undefined;
  return `${octets(networkOf(subnet))
    .slice(0, prefixLength / 8)
    .reverse()
    .join('.')}.in-addr.arpa.`;
}

/** `80.113.0.203.in-addr.arpa.` of 203.0.113.80. */
export function reverseName(address: number): string {
  return `${octets(address).reverse().join('.')}.in-addr.arpa.`;
}

function octets(address: number): number[] {
  return [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255];
}
