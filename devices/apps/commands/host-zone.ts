/** `host -l`: the hosts of a zone, by its transfer. */
import type { Network } from '../../net/network.js';
import type { Random } from '../../stack/random.js';
import { type DnsMessage, dnsQuery, RCODE_NOERROR } from '../../stack/wire/dns.js';
import type { ResourceRecord } from '../../stack/wire/dns-record.js';
import type { ChosenServer } from '../dns/client.js';
import type { CommandIo } from './command.js';
import type { Wanted } from './host.js';
import { transferMessages } from './zone-transfer.js';

const OF_HOSTS = new Set(['A', 'AAAA', 'NS', 'PTR']);

/** False when the transfer failed, which is said. */
export async function listZone(
  network: Network,
  random: Random,
  { candidates: [zone], port, type }: Wanted,
  server: ChosenServer,
  io: CommandIo,
  show: { records(records: readonly ResourceRecord[]): void; refusal(message: DnsMessage): void },
): Promise<boolean> {
  const query = dnsQuery(random.below(0x10000), zone, 'AXFR', false);
  const isShown = (record: ResourceRecord) => (type === undefined ? OF_HOSTS.has(record.type) : record.type === type);
  for await (const { message, isLast } of transferMessages(network, query, server.address, port, io.signal)) {
    if (message.rcode === RCODE_NOERROR) show.records(message.answers.filter(isShown));
    else show.refusal(message);
    await io.drained();
    if (isLast) return true;
  }
  io.stdout('; Transfer failed.\n');
  return false;
}
