/**
 * The topology file, as it is written: the one source of validation, types and the published JSON Schema.
 * What it says stays text here; model.ts is what it means.
 */
import { z } from 'zod';
import { device } from './schema-devices.js';
import {
  authorities,
  duration,
  foreignEncapsulation,
  LONGEST_NAME,
  mtu,
  NAME_PATTERN,
  shown,
  subnet,
  text,
  udpEndpoint,
  vni,
} from './schema-fields.js';
import { type ImpairmentFile, impairment, impairments } from './schema-impairment.js';

const direction = impairment.meta({ description: 'Replaces the link’s values in this direction.' });

const linkText = z
  .string({ error: (issue) => `${shown(issue.input)} is not a link: write client:eth0 -- sw1:3` })
  .meta({
    description: 'Its two ends; with `external`, the one that is ours. A port that is left out is the next free one.',
    examples: ['client:eth0 -- sw1:3'],
  });

const nodeName = z
  .string({ error: (issue) => `${shown(issue.input)} is not a name` })
  .regex(NAME_PATTERN, {
    error: (issue) => `${shown(issue.input)} is not a name: write lower-case letters, digits and hyphens`,
  })
  .max(LONGEST_NAME);

const external = z
  .strictObject(
    {
      encap: foreignEncapsulation,
      local: udpEndpoint.describe('Where our end listens. An address that is not 127.x opens the lab to the network.'),
      remote: udpEndpoint.describe('The peer, the only one that is listened to.'),
      vni: vni.optional(),
      name: nodeName.optional().describe('What it is called in drawings and captures.'),
    },
    { error: (issue) => `${shown(issue.input)} is not a far end: write {encap: udp, local: IP:PORT, remote: IP:PORT}` },
  )
  .meta({ description: 'The other end is not ours: a virtual machine, a network namespace, another lab.' });

export const link = z.union(
  [
    linkText,
    z.strictObject({
      link: linkText,
      external: external.optional(),
      subnet: z
        .union([subnet, z.array(subnet)], { error: (issue) => `${shown(issue.input)} is not a subnet` })
        .optional()
        .describe('The subnet of the network that this link belongs to.'),
      mtu: mtu.optional(),
      ...impairments,
      from: z
        .record(z.string(), direction, {
          error: (issue) => `${shown(issue.input)} is not a map such as {client: {loss: 1%}}`,
        })
        .optional()
        .describe('Values for one direction: the frames that leave the named device.'),
    }),
  ],
  { error: (issue) => `${shown(issue.input)} is not a link: write client:eth0 -- sw1:3, or {link: …, delay: 20ms}` },
);

export const name = z.string().regex(NAME_PATTERN).max(LONGEST_NAME);

export const topologyFile = z
  .strictObject(
    {
      name: name.optional().describe('Default: the name of the file. The lab is called so too.'),
      description: text.optional(),
      seed: z
        .union([z.int(), z.string()], {
          error: (issue) => `${shown(issue.input)} is not a seed: write a number or a text`,
        })
        .optional()
        .describe('Of every random draw: the same seed gives the same losses. Default 1.'),
      ports: z
        .strictObject({
          base: z
            .int({ error: (issue) => `${shown(issue.input)} is not a UDP port` })
            .min(1024, { error: 'the first UDP port is at least 1024' })
            .max(65000, { error: 'the first UDP port is at most 65000' })
            .describe('The first UDP port of the tunnels; two a link are used from here on.'),
        })
        .optional()
        .describe('Fixes the UDP ports of the tunnels on 127.0.0.1. Left out, free ones are found at launch.'),
      timing: z
        .strictObject({
          tcpMsl: duration.optional().describe('Maximum segment lifetime; TIME_WAIT lasts twice as long. Default 30s.'),
          arpReachable: duration
            .optional()
            .describe('How long an ARP entry is used without asking again. Default 60s.'),
        })
        .optional()
        .describe('Constants of the protocol stack, for teaching and tests.'),
      authorities: authorities.optional(),
      devices: z
        .record(name, device, {
          error: (issue) => `${shown(issue.input)} is not a map of devices, such as {a: host, sw: switch}`,
        })
        .describe('Every device by its name: lower-case letters, digits and hyphens. Short form: just its kind.'),
      links: z
        .array(link, { error: (issue) => `${shown(issue.input)} is not a list of links` })
        .nullable()
        .optional()
        .describe('The cables.'),
    },
    { error: (issue) => `a topology is a map that begins with "devices:"; this is ${shown(issue.input)}` },
  )
  .meta({ title: 'Netarium topology', description: 'Devices, links, DNS zones and web sites of a mini-internet.' });

export type TopologyFile = z.infer<typeof topologyFile>;
export type LinkFile = z.infer<typeof link>;
export type ExternalFile = z.infer<typeof external>;
export type DirectionFile = ImpairmentFile;

/** The JSON Schema that editors use: `netarium schema > topology.schema.json`. */
export function topologyJsonSchema(): object {
  return z.toJSONSchema(topologyFile, { io: 'input' });
}
