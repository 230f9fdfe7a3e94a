/** DNS records in presentation format (RFC 1035 section 5.1): what `dig` prints and zone files hold. */
import { formatIpv4 } from './address.js';
import { toHex } from './bytes.js';
import { canonicalName, ROOT_NAME } from './dns-name.js';
import type { RecordData } from './dns-record.js';
import { formatIpv6 } from './ipv6.js';

/** Names come with their final dot. */
export function formatRecordData(data: RecordData): string {
  switch (data.type) {
    case 'A':
      return formatIpv4(data.address);
    case 'AAAA':
      return formatIpv6(data.address);
    case 'NS':
    case 'CNAME':
    case 'PTR':
    case 'DNAME':
      return absolute(data.target);
    case 'MX':
      return `${data.preference} ${absolute(data.exchange)}`;
    case 'SOA': {
      const { serial, refresh, retry, expire, minimum } = data;
      return `${absolute(data.mname)} ${absolute(data.rname)} ${serial} ${refresh} ${retry} ${expire} ${minimum}`;
    }
    case 'SRV':
      return `${data.priority} ${data.weight} ${data.port} ${absolute(data.target)}`;
    case 'NAPTR': {
      const strings = [data.flags, data.services, data.regexp].map(quoted).join(' ');
      return `${data.order} ${data.preference} ${strings} ${absolute(data.replacement)}`;
    }
    case 'CAA':
      return `${data.flags} ${data.tag} ${quoted(data.value)}`;
    case 'TXT':
      return data.strings.map(quoted).join(' ');
    case 'HINFO':
      return `${quoted(data.cpu)} ${quoted(data.os)}`;
    default:
      // RFC 3597 section 5: the generic form.
      return `\\# ${data.bytes.length}${data.bytes.length === 0 ? '' : ` ${toHex(data.bytes)}`}`;
  }
}

/** Two records of one name and type are the same when these are: the case of names does not count (RFC 4343), that of strings does. */
export function recordDataKey(data: RecordData): string {
  switch (data.type) {
    case 'TXT':
    case 'HINFO':
    case 'CAA':
      return formatRecordData(data);
    case 'NAPTR':
      return formatRecordData({ ...data, replacement: canonicalName(data.replacement) });
    default:
      return formatRecordData(data).toLowerCase();
  }
}

/** Under which maps keep what concerns a name and a type. */
export function questionKey(name: string, type: string): string {
  return `${canonicalName(name)} ${type}`;
}

/** With the final dot that says "not relative", and a backslash before what zone files give a meaning, as BIND writes it. */
export function absolute(name: string): string {
  return name === ROOT_NAME ? name : `${name.replace(/[$@"();]/g, '\\$&')}.`;
}

function quoted(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    if (byte === 0x22 || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`;
    else if (byte < 0x20 || byte > 0x7e) text += `\\${String(byte).padStart(3, '0')}`;
    else text += String.fromCharCode(byte);
  }
  return `"${text}"`;
}
