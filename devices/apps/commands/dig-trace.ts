/** `dig +trace`: the way from the root down, each answer shown: first who the root's servers are, then by referrals. */
import type { DnsReply } from '../../net/dns-exchange.js';
import { formatIpv4 } from '../../stack/wire/address.js';
import { type DnsMessage, isReferral } from '../../stack/wire/dns.js';
import { ROOT_NAME, sameName } from '../../stack/wire/dns-name.js';
import type { ChosenServer, DnsClient } from '../dns/client.js';
import { referredZone } from '../dns/delegation.js';
import type { DigLookup } from './dig-lookup.js';
import type { DigScreen } from './dig-screen.js';

/** Referrals that are followed. */
const MAX_STEPS = 24;

export type AskFor = (
  lookup: DigLookup,
  servers: readonly ChosenServer[],
) => Promise<{ readonly reply: DnsReply; readonly server: ChosenServer } | undefined>;

/** False when somebody gave no answer. */
export async function trace(
  lookup: DigLookup,
  start: readonly ChosenServer[],
  client: DnsClient,
  screen: DigScreen,
  ask: AskFor,
): Promise<boolean> {
  const { name } = lookup;
  let servers = start;
  let asked: DigLookup = { ...lookup, name: ROOT_NAME, type: 'NS' };
  let zone: string | undefined;
  for (let step = 0; step < MAX_STEPS; step++) {
    const answered = await ask(asked, servers);
    if (answered === undefined) return false;
    const { reply, server } = answered;
    screen.reply(asked, reply, server);
    const next = zone === undefined ? ROOT_NAME : referredZone(reply.message, zone, name);
    if (next === undefined) {
      if (isReferral(reply.message)) screen.line(';; BAD (HORIZONTAL) REFERRAL');
      return true;
    }
    zone = next;
    servers = await serversNamed(client, reply.message, zone);
    if (servers.length === 0) {
      screen.line(`;; no address of a name server of ${zone} is known`);
      return false;
    }
    asked = { ...lookup, recursionDesired: false };
  }
  screen.line(';; too many referrals');
  return false;
}

/** The servers of a zone that a message names: by its glue, or looked up. */
async function serversNamed(client: DnsClient, message: DnsMessage, zone: string): Promise<ChosenServer[]> {
  const names = [...message.answers, ...message.authorities].flatMap((record) =>
    record.type === 'NS' && sameName(record.name, zone) ? [record.target] : [],
  );
  const known = names.flatMap((name) =>
    message.additionals.flatMap((record) =>
      record.type === 'A' && sameName(record.name, name) ? [{ name, address: formatIpv4(record.address) }] : [],
    ),
  );
  if (known.length > 0) return known;
  for (const name of names) {
    const found = await client.servers(name);
    if (found.length > 0) return found;
  }
  return [];
}
