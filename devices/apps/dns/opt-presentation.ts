/** The OPT record as dig prints it, which is no record to dig, but a "pseudosection". */
import { equalBytes, toHex } from '../../stack/wire/bytes.js';
import type { DnsMessage } from '../../stack/wire/dns.js';
import { type EdnsOption, ednsOption, extendedErrorName } from '../../stack/wire/edns.js';

/** Nothing for a message without one. `sent`: the query, against whose cookie the answer's is held. */
export function formatOpt(message: DnsMessage, sent: DnsMessage | undefined): string {
  const { edns } = message;
  if (edns === undefined) return '';
  const zero = edns.reserved === 0 ? ';' : `; MBZ: 0x${edns.reserved.toString(16).padStart(4, '0')},`;
  const lines = [
    ';; OPT PSEUDOSECTION:',
    `; EDNS: version: ${edns.version}, flags:${edns.dnssecOk ? ' do' : ''}${zero} udp: ${edns.udpSize}`,
    ...edns.options.map((option) => formatOption(option, sent)),
  ];
  return `${lines.join('\n')}\n`;
}

function formatOption(option: EdnsOption, sent: DnsMessage | undefined): string {
  switch (option.kind) {
    case 'nsid':
      return `; NSID:${option.id.length === 0 ? '' : ` ${hexAndText(option.id)}`}`;
    case 'cookie':
      return `; COOKIE: ${toHex(option.client)}${toHex(option.server)}${remark(option, sent)}`;
    case 'tcp-keepalive': {
      const { timeoutMs } = option;
      return `; TCP KEEPALIVE:${timeoutMs === undefined ? '' : ` ${(timeoutMs / 1000).toFixed(1)} secs`}`;
    }
    case 'extended-error': {
      const name = extendedErrorName(option.infoCode);
      const text = option.text === '' ? '' : `: (${printable(option.text)})`;
      return `; EDE: ${option.infoCode}${name === undefined ? '' : ` (${name})`}${text}`;
    }
    default:
      return `; OPT=${option.code}:${option.data.length === 0 ? '' : ` ${hexAndText(option.data)}`}`;
  }
}

/** Of the cookie of an answer (RFC 7873 section 5.3). */
function remark(option: EdnsOption & { readonly kind: 'cookie' }, sent: DnsMessage | undefined): string {
  const own = sent === undefined ? undefined : ednsOption(sent, 'cookie');
  if (own === undefined) return '';
  if (!equalBytes(own.client, option.client)) return ' (bad)';
  return option.server.length === 0 ? ' (echoed)' : ' (good)';
}

/** Whoever sent it, it moves no cursor and rings no bell. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '.');
}

/** `69 73 70 ("isp")`. */
function hexAndText(bytes: Uint8Array): string {
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  const text = [...bytes].map((byte) => (byte < 0x20 || byte > 0x7e ? '.' : String.fromCharCode(byte))).join('');
  return `${hex} ("${text}")`;
}
