/** IPv6 addresses as text, 16 bytes each: read as RFC 4291 section 2.2 writes them, written as RFC 5952 asks. */
import { parseIpv4 } from './address.js';
import { readU16, writeU16, writeU32 } from './bytes.js';

const GROUPS = 8;

/** Lower case, the longest run of two or more zero groups as `::`. */
export function formatIpv6(bytes: Uint8Array): string {
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(readU16(bytes, i).toString(16));
  const runs = [...`${groups.map((group) => (group === '0' ? 'z' : 'x')).join('')}`.matchAll(/z{2,}/g)];
  const longest = runs.reduce((best, run) => (run[0].length > best[0].length ? run : best), runs[0]);
  if (longest === undefined) return groups.join(':');
  const end = longest.index + longest[0].length;
  return `${groups.slice(0, longest.index).join(':')}::${groups.slice(end).join(':')}`;
}

/** `2001:db8::1`, `::ffff:192.0.2.1`; undefined for anything else, a zone index for one. */
export function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [left, right] = halves.map((half) => (half === '' ? [] : half.split(':')));
  // An IPv4 address may stand for the last two groups, where there is a last group.
  const tail = (right ?? left).at(-1);
  const ipv4 = tail?.includes('.') ? parseIpv4(tail) : undefined;
  if (ipv4 !== undefined) (right ?? left).splice(-1, 1, '0', '0');
  const count = left.length + (right?.length ?? 0);
  if (right === undefined ? count !== GROUPS : count >= GROUPS) return undefined;
  const groups = [...left, ...Array<string>(GROUPS - count).fill('0'), ...(right ?? [])];
  const bytes = new Uint8Array(16);
  for (const [index, group] of groups.entries()) {
    if (!/^[0-9a-f]{1,4}$/i.test(group)) return undefined;
    writeU16(bytes, 2 * index, Number.parseInt(group, 16));
  }
  if (ipv4 !== undefined) writeU32(bytes, 12, ipv4);
  return bytes;
}
