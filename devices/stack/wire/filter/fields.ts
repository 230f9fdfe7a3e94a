/** All fields of the filter language, by name, and what to say of a name that is none. */
import { didYouMean } from '../nearest.js';
import { DHCP_AND_HTTP_FIELDS } from './application-fields.js';
import { DNS_FIELDS } from './dns-fields.js';
import type { Field } from './field.js';
import { IP_AND_ICMP_FIELDS } from './ip-fields.js';
import { LINK_FIELDS } from './link-fields.js';
import { TLS_FIELDS } from './tls-fields.js';
import { STATEFUL_FIELDS, TRANSPORT_FIELDS } from './transport-fields.js';

/** In the order of the layers. */
export const FILTER_FIELDS: readonly Field[] = [
  ...LINK_FIELDS,
  ...IP_AND_ICMP_FIELDS,
  ...TRANSPORT_FIELDS,
  ...DNS_FIELDS,
  ...DHCP_AND_HTTP_FIELDS,
  ...TLS_FIELDS,
];

const BY_NAME: ReadonlyMap<string, Field> = new Map(FILTER_FIELDS.map((field) => [field.name, field]));

export function fieldNamed(name: string): Field | undefined {
  return BY_NAME.get(name);
}

/** What a message says of a word that should be a field. */
export function unknownField(name: string): string {
  const instead = STATEFUL_FIELDS.get(name);
  if (instead !== undefined) {
    return `"${name}" needs the packets before this one, and filters see one alone. There is "${instead}".`;
  }
  if (name.startsWith('tcp.analysis')) {
    return `"${name}" needs the packets before this one, and filters see one alone.`;
  }
  if (/^ssl(\.|$)/.test(name)) return `"${name}" is no field. It is called "${name.replace('ssl', 'tls')}".`;
  // Wireshark's own name for it until version 3.
  if (/^bootp(\.|$)/.test(name)) return `"${name}" is no field. It is called "${name.replace('bootp', 'dhcp')}".`;
  return `"${name}" is no field or protocol.${didYouMean(name, BY_NAME.keys())}`;
}
