/** `dig axfr`: a whole zone, or what has changed in it (IXFR), in as many messages as it takes (RFC 5936, RFC 1995). */
import type { Network } from '../../net/network.js';
import type { DnsMessage } from '../../stack/wire/dns.js';
import type { ChosenServer } from '../dns/client.js';
import { formatRecord } from '../dns/presentation.js';
import type { CommandIo } from './command.js';
import type { DigLookup } from './dig-lookup.js';
import { type DigScreen, styleOf } from './dig-screen.js';
import { transferMessages } from './zone-transfer.js';

/** Prints records as they come. That the transfer failed is said, and no more made of it. */
export async function showTransfer(
  network: Network,
  lookup: DigLookup,
  query: DnsMessage,
  server: ChosenServer,
  screen: DigScreen,
  io: CommandIo,
): Promise<void> {
  const { port } = lookup;
  const startedAt = network.now();
  const totals = { records: 0, messages: 0, bytes: 0 };
  screen.showBanner();
  for await (const { message, bytes, isLast } of transferMessages(network, query, server.address, port, io.signal)) {
    totals.messages += 1;
    totals.bytes += bytes;
    totals.records += message.answers.length;
    const shown = lookup.sections.has('answer') ? message.answers : [];
    io.stdout(shown.map((record) => formatRecord(record, styleOf(lookup))).join(''));
    await io.drained();
    if (!isLast) continue;
    const reply = { server: server.address, port, ms: network.now() - startedAt, bytes: totals.bytes };
    const size = `XFR size: ${totals.records} records (messages ${totals.messages}, bytes ${totals.bytes})`;
    screen.received(lookup, { ...reply, transport: 'tcp', retriedOverTcp: false }, server, size);
    return;
  }
  screen.line('; Transfer failed.');
}
