/** The scalars of a topology file: names, addresses and quantities, each with what is said when it is wrong. */
import { z } from 'zod';
import { FOREIGN_ENCAPSULATIONS, parseEndpointText } from '../../devices/control.js';
import { parseCidr, parseIpv4, parseMac } from '../../devices/stack/wire/address.js';
import { MAX_VNI } from '../../devices/stack/wire/vxlan.js';
import {
  DURATION_PATTERN,
  parseDuration,
  parseRate,
  parseShare,
  parseSize,
  RATE_PATTERN,
  SHARE_PATTERN,
  SIZE_PATTERN,
} from './units.js';

/** Long enough for a DNS label, short enough for the path of a Unix-domain socket. */
export const LONGEST_NAME = 40;
export const NAME_PATTERN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

/** What was written, as far as it can be shown in a sentence. */
export function shown(input: unknown): string {
  if (typeof input === 'string') return `"${input.length > 60 ? `${input.slice(0, 57)}...` : input}"`;
  if (input === null) return 'nothing';
  if (Array.isArray(input)) return 'a list';
  return typeof input === 'object' ? 'a map' : String(input);
}

/** A string that `parse` understands; the pattern is for editors, through the JSON Schema. */
function scalar(what: string, parse: (text: string) => unknown, pattern?: RegExp) {
  const error = ({ input }: { input?: unknown }) => {
    const isNegative = typeof input === 'string' && /^-./.test(input) && parse(input.slice(1).trim()) !== undefined;
    return `${shown(input)} is ${isNegative ? 'below 0' : `not ${what}`}`;
  };
  const base = pattern === undefined ? z.string({ error }) : z.string({ error }).regex(pattern, { error, abort: true });
  return base.refine((text) => parse(text) !== undefined, { error });
}

export const duration = scalar(
  'a duration: write it with its unit, such as 20ms, 1.5s or 5min',
  parseDuration,
  DURATION_PATTERN,
).meta({
  id: 'duration',
  description: 'A duration with its unit: us, ms, s, min, h or d.',
  examples: ['20ms', '1.5s'],
});

export const rate = scalar(
  'a rate: write it with its unit, such as 10Mbit or 512kbit, above 0',
  parseRate,
  RATE_PATTERN,
).meta({ id: 'rate', description: 'Bits per second: bit, kbit, Mbit or Gbit.', examples: ['10Mbit'] });

export const size = scalar('a size: write it with its unit, such as 64KiB or 1500B', parseSize, SIZE_PATTERN).meta({
  id: 'size',
  description: 'Bytes: B, kB, KiB, MB, MiB, GB or GiB.',
  examples: ['64KiB'],
});

export const share = scalar('a share: write it in percent, 0% to 100%, such as 1%', parseShare, SHARE_PATTERN).meta({
  id: 'share',
  description: 'A probability in percent, 0% to 100%.',
  examples: ['1%', '0.5%'],
});

export const mac = scalar(
  'a MAC address: write six octets, such as 02:00:00:00:00:01, and not a group address',
  (text) => {
    const address = parseMac(text);
    return address === undefined || Number.parseInt(text.slice(0, 2), 16) & 1 ? undefined : address;
  },
).meta({ id: 'mac', description: 'A unicast MAC address; planned when left out.', examples: ['02:00:00:00:00:01'] });

export const subnet = scalar(
  'a subnet: write the address with its prefix length, such as 192.168.1.0/24',
  parseCidr,
).meta({
  id: 'subnet',
  description: 'A network with its prefix length.',
  examples: ['192.168.1.0/24'],
});

export const interfaceAddress = scalar('an address: write 10.0.0.1/24, 10.0.0.1 or dhcp', (text) =>
  text === 'dhcp' ? text : (parseCidr(text) ?? parseIpv4(text)),
).meta({
  id: 'interfaceAddress',
  description:
    'An IPv4 address with its prefix length, or without it where the subnet of the network is known, or `dhcp` (hosts).',
  examples: ['10.0.0.1/24', 'dhcp'],
});

const endpointFault = (issue: { input?: unknown }) => {
  const fault = typeof issue.input === 'string' ? parseEndpointText(issue.input) : undefined;
  return typeof fault === 'string' ? fault : `${shown(issue.input)} is not an address with a UDP port`;
};

export const udpEndpoint = z
  .string({ error: endpointFault })
  .refine((text) => typeof parseEndpointText(text) !== 'string', { error: endpointFault })
  .meta({
    id: 'udpEndpoint',
    description: 'An IPv4 address and a UDP port, 1024 to 65535.',
    examples: ['127.0.0.1:36000'],
  });

export const foreignEncapsulation = z
  .enum(FOREIGN_ENCAPSULATIONS, {
    error: (issue) => `${shown(issue.input)} is no encapsulation: write ${FOREIGN_ENCAPSULATIONS.join(' or ')}`,
  })
  .meta({ description: 'udp: a bare frame a datagram, as VPCS and QEMU have it. vxlan: RFC 7348, as Linux has it.' });

const vniFault = (issue: { input?: unknown }) => `${shown(issue.input)} is not a VNI: write a number, 0 to ${MAX_VNI}`;

export const vni = z
  .int({ error: vniFault })
  .min(0, { error: vniFault })
  .max(MAX_VNI, { error: vniFault })
  .meta({ description: 'The VXLAN network identifier, which both ends have in common.' });

/** An address, or the name of a device that has one. Which of the two, and whether it exists, is seen later. */
export const addressOrDevice = z
  .string({ error: (issue) => `${shown(issue.input)} is neither an IPv4 address nor the name of a device` })
  .meta({
    id: 'addressOrDevice',
    description: 'An IPv4 address, or the name of a device of this topology.',
    examples: ['192.0.2.53', 'isp-dns'],
  });

export const addressesOrDevices = z.union([addressOrDevice, z.array(addressOrDevice)], {
  error: (issue) => `${shown(issue.input)} is neither an IPv4 address, nor the name of a device, nor a list of them`,
});

export const mtu = z
  .int({ error: (issue) => `${shown(issue.input)} is not an MTU: write a whole number of bytes` })
  .min(68, { error: (issue) => `an MTU of ${shown(issue.input)} is below 68, the least that IPv4 allows (RFC 791)` })
  .max(9000, { error: (issue) => `an MTU of ${shown(issue.input)} is above 9000` })
  .meta({ description: 'The largest IP packet, bytes, 68 to 9000; default 1500. The one quantity without a unit.' });

export const flag = z.boolean({ error: (issue) => `${shown(issue.input)} is neither true nor false` });

export const text = z.string({ error: (issue) => `${shown(issue.input)} is not a text; put it in quotes` });

export const authorities = z
  .union([z.string(), z.array(text)], {
    error: (issue) => `${shown(issue.input)} is not a certificate file, nor a list of them`,
  })
  .meta({
    description: 'Files with certificates (PEM) of authorities that are trusted besides the lab’s own.',
    examples: [['certs/nginx.pem']],
  });
