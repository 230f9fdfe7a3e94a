/** The counters of messages: `dhcp.discoverIn`, `dhcp.ackOut`. */
import type { CounterOf } from '../../stack/counter-names.js';
import { type DhcpTypeName, dhcpTypeName } from '../../stack/wire/dhcp.js';

/** Of a type that the parser lets pass: one of eight. */
export function messageCounter(type: number, direction: 'In' | 'Out'): CounterOf<'dhcp'> {
  return `${dhcpTypeName(type).toLowerCase() as Lowercase<DhcpTypeName>}${direction}`;
}
