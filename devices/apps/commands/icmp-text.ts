/** ICMP errors in the words of `ping` and the marks of `traceroute`. */
import {
  EXCEEDED_IN_TRANSIT,
  ICMP_PARAMETER_PROBLEM,
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
  UNREACHABLE_ADMIN_PROHIBITED,
  UNREACHABLE_FRAGMENTATION_NEEDED,
  UNREACHABLE_HOST,
  UNREACHABLE_NET,
  UNREACHABLE_PORT,
  UNREACHABLE_PROTOCOL,
} from '../../stack/wire/icmp.js';

const UNREACHABLE_TEXTS = new Map([
  [UNREACHABLE_NET, 'Destination Net Unreachable'],
  [UNREACHABLE_HOST, 'Destination Host Unreachable'],
  [UNREACHABLE_PROTOCOL, 'Destination Protocol Unreachable'],
  [UNREACHABLE_PORT, 'Destination Port Unreachable'],
  [UNREACHABLE_ADMIN_PROHIBITED, 'Packet filtered'],
]);

/** `mtu` in bytes, for "fragmentation needed". */
export function pingErrorText(type: number, code: number, mtu = 0): string {
  if (type === ICMP_UNREACHABLE && code === UNREACHABLE_FRAGMENTATION_NEEDED) {
    return `Frag needed and DF set (mtu = ${mtu})`;
  }
  if (type === ICMP_UNREACHABLE) return UNREACHABLE_TEXTS.get(code) ?? `Dest Unreachable, Bad Code: ${code}`;
  if (type === ICMP_TIME_EXCEEDED) {
    return code === EXCEEDED_IN_TRANSIT ? 'Time to live exceeded' : 'Frag reassembly time exceeded';
  }
  return type === ICMP_PARAMETER_PROBLEM ? 'Parameter problem' : `Bad ICMP type: ${type}`;
}

const UNREACHABLE_MARKS = new Map([
  [UNREACHABLE_NET, '!N'],
  [UNREACHABLE_HOST, '!H'],
  [UNREACHABLE_PROTOCOL, '!P'],
  [UNREACHABLE_PORT, ''],
  [UNREACHABLE_FRAGMENTATION_NEEDED, '!F'],
  [UNREACHABLE_ADMIN_PROHIBITED, '!X'],
]);

/** What `traceroute` puts behind a time; empty for the answers that it wants. */
export function tracerouteMark(type: number, code: number): string {
  return type === ICMP_UNREACHABLE ? (UNREACHABLE_MARKS.get(code) ?? `!${code}`) : '';
}
