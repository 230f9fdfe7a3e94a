/** Zones as a topology file writes them. */
import { z } from 'zod';
import { duration, flag, shown } from './schema-fields.js';

/** What a name may have, by its key. */
export const RECORD_TYPES = [
  'A',
  'AAAA',
  'NS',
  'CNAME',
  'DNAME',
  'PTR',
  'MX',
  'SRV',
  'TXT',
  'CAA',
  'HINFO',
  'NAPTR',
  'SOA',
] as const;

const LARGEST_WEIGHT = 65_535;

const data = (what: string) => {
  const error = (issue: { input?: unknown }) => `${shown(issue.input)} is not ${what}; numbers need quotes`;
  return z.union([z.string({ error }), z.array(z.string({ error }))], { error });
};

const weight = z
  .int({ error: (issue) => `${shown(issue.input)} is not a weight: write a whole number, 0 to ${LARGEST_WEIGHT}` })
  .min(0, { error: 'a weight is at least 0' })
  .max(LARGEST_WEIGHT, { error: `a weight is at most ${LARGEST_WEIGHT}` });

const addressError = (issue: { input?: unknown }) =>
  `${shown(issue.input)} is not an IPv4 address or the name of a device; numbers need quotes`;

const weighted = z.strictObject({
  address: z.string({ error: addressError }).describe('An address, or the name of a device.'),
  weight: weight.optional().describe('How often it comes first, against the others; 0 to 65535; default 1.'),
});

const addressForms = [
  z.string({ error: addressError }),
  z.array(z.union([z.string({ error: addressError }), weighted], { error: addressError })),
] as const;
const addresses = z.union(addressForms, { error: addressError });

const recordSet = z.strictObject({
  A: addresses
    .optional()
    .describe(
      'Addresses, or names of devices, whose addresses are then used. Several are answered in turn, or by weight: `[{address: web, weight: 3}, {address: web-2, weight: 1}]`.',
    ),
  AAAA: data('an IPv6 address').optional().describe('IPv6 addresses.'),
  NS: data('a name').optional().describe('Name servers of this name. At `@`: of the zone; else a delegation.'),
  CNAME: z
    .string({ error: (issue) => `${shown(issue.input)} is not a name` })
    .optional()
    .describe('The name that this name is an alias of. Nothing else may stand beside it.'),
  DNAME: z
    .string({ error: (issue) => `${shown(issue.input)} is not a name` })
    .optional()
    .describe('The name that all names below this one are renamed to (RFC 6672).'),
  PTR: data('a name').optional().describe('For reverse zones.'),
  MX: data('a preference and a name').optional().describe('Mail servers: `10 mail`.'),
  SRV: data('a service').optional().describe('Servers of a service (RFC 2782): `priority weight port target`.'),
  TXT: data('a text').optional().describe('Texts of up to 255 bytes each.'),
  CAA: data('a rule').optional().describe('Who may give out certificates (RFC 8659): `0 issue ca.example`.'),
  HINFO: data('a kind of machine').optional().describe('`cpu os`, in quotes where they contain blanks.'),
  NAPTR: data('a rule').optional().describe('`order preference flags services regexp replacement` (RFC 3403).'),
  SOA: z
    .string({ error: (issue) => `${shown(issue.input)} is not an SOA record` })
    .optional()
    .describe('`mname rname serial refresh retry expire minimum`; only at `@`. Made when left out.'),
  other: data('a record')
    .optional()
    .describe('Records of any type, as in a zone file: `TYPE65280 \\# 3 abcdef` (RFC 3597).'),
  ttl: duration.optional().describe('How long the records of this name may be cached; default the zone’s `$TTL`.'),
});

export const zone = z
  .object({ $TTL: duration.optional().describe('Time to live of the records that give none; default 300s.') })
  .catchall(
    z.union([...addressForms, recordSet], {
      error: (issue) =>
        `${shown(issue.input)} is not a record: write an IPv4 address, the name of a device, a list of them, or a map such as {CNAME: www}`,
    }),
  )
  .meta({
    description:
      'Owner names and their records. `@` is the zone itself. Names are relative to the zone; in data, a name that ' +
      'contains a dot is absolute. Short forms: `www: 203.0.113.80`, `www: web` (the address of the device `web`), ' +
      '`www: [203.0.113.80, 203.0.113.81]`. SOA, NS, glue and delegations to zones of other servers in this file are ' +
      'made when left out.',
    examples: [{ www: '203.0.113.80', img: 'web-2', ftp: { CNAME: 'www' } }],
  });

const zoneFile = z.string().meta({
  description: 'A zone file (RFC 1035 section 5), relative to this file and in its folder or below.',
  examples: ['zones/server.com.zone'],
});

const zoneError = (issue: { input?: unknown }) =>
  `${shown(issue.input)} is not a zone: write a zone file, or a map such as {www: 203.0.113.80}`;

export const zones = z.record(z.string(), z.union([zoneFile, zone], { error: zoneError }).nullable(), {
  error: (issue) => `${shown(issue.input)} is not a map of zones, such as {server.com: {www: 203.0.113.80}}`,
});

const foreignPrimary = z.strictObject({
  zone: z.string().describe('The name of the zone.'),
  primaries: z
    .array(z.string({ error: addressError }), { error: (issue) => `${shown(issue.input)} is not a list of servers` })
    .describe('The servers that it is copied from: addresses, or names of devices.'),
});

const secondaryError = (issue: { input?: unknown }) =>
  `${shown(issue.input)} is not a zone: write its name, or {zone: example.org, primaries: [172.16.5.2]}`;

export const secondary = z.array(
  z.union([z.string({ error: secondaryError }), foreignPrimary], { error: secondaryError }),
  {
    error: (issue) => `${shown(issue.input)} is not a list of zones`,
  },
);

/** Who may do what with the zones of a server. */
export const permitted = z.array(z.string({ error: addressError }), {
  error: (issue) => `${shown(issue.input)} is not a list of addresses, subnets or devices`,
});

/** Whose questions are answered by asking others. */
export const recursion = z
  .union(
    [
      flag,
      z.strictObject({
        allow: permitted.describe('Addresses, subnets, devices, and switches for all that is attached to them.'),
      }),
    ],
    {
      error: (issue) =>
        `${shown(issue.input)} is neither true nor false, nor a map such as {allow: [10.0.0.0/8, home-router]}`,
    },
  )
  .describe(
    'Answers any question by asking its way down from the root: everybody’s, or of those alone who are listed. Default false.',
  );

export type RecursionFile = z.infer<typeof recursion>;
export type ZoneFile = z.infer<typeof zone>;
export type RecordSetFile = z.infer<typeof recordSet>;
export type AddressesFile = z.infer<typeof addresses>;
