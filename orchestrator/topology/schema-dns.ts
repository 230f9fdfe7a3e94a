/** Zones as a topology file writes them. */
import { z } from 'zod';
import { duration, shown } from './schema-fields.js';

export const RECORD_TYPES = ['A', 'NS', 'CNAME', 'PTR', 'SOA', 'TXT'] as const;

const data = (what: string) => {
  const error = (issue: { input?: unknown }) => `${shown(issue.input)} is not ${what}; numbers need quotes`;
  return z.union([z.string({ error }), z.array(z.string({ error }))], { error });
};

const recordSet = z.strictObject({
  A: data('an IPv4 address or the name of a device')
    .optional()
    .describe('Addresses, or names of devices, whose addresses are then used. Several are answered in turn.'),
  NS: data('a name').optional().describe('Name servers of this name. At `@`: of the zone; else a delegation.'),
  CNAME: z
    .string({ error: (issue) => `${shown(issue.input)} is not a name` })
    .optional()
    .describe('The name that this name is an alias of. Nothing else may stand beside it.'),
  PTR: data('a name').optional().describe('For reverse zones.'),
  TXT: data('a text').optional().describe('Texts of up to 255 bytes each.'),
  SOA: z
    .string({ error: (issue) => `${shown(issue.input)} is not an SOA record` })
    .optional()
    .describe('`mname rname serial refresh retry expire minimum`; only at `@`. Made when left out.'),
  ttl: duration.optional().describe('How long the records of this name may be cached; default the zone’s `$TTL`.'),
});

export const zone = z
  .object({ $TTL: duration.optional().describe('Time to live of the records that give none; default 300s.') })
  .catchall(
    z.union([data('an IPv4 address or the name of a device'), recordSet], {
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

export const zones = z.record(z.string(), zone.nullable(), {
  error: (issue) => `${shown(issue.input)} is not a map of zones, such as {server.com: {www: 203.0.113.80}}`,
});

export type ZoneFile = z.infer<typeof zone>;
export type RecordSetFile = z.infer<typeof recordSet>;
