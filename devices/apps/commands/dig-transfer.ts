/** `dig axfr`: a whole zone, or what has changed in it (IXFR), in as many messages as it takes (RFC 5936, RFC 1995). */
import { DnsFrames, frameDns } from '../../net/dns-framing.js';
import type { Network } from '../../net/network.js';
import { type DnsMessage, emitDns, parseDns, RCODE_NOERROR } from '../../stack/wire/dns.js';
import { sameName } from '../../stack/wire/dns-name.js';
import type { ResourceRecord } from '../../stack/wire/dns-record.js';
import { isMalformed } from '../../stack/wire/malformed.js';
import type { ChosenServer } from '../dns/client.js';
import { formatRecord } from '../dns/presentation.js';
import type { CommandIo } from './command.js';
import type { DigLookup } from './dig-lookup.js';
import { type DigScreen, styleOf } from './dig-screen.js';

/** Milliseconds without anything. */
const SILENCE_MS = 10_000;

/** Prints records as they come. That the transfer failed is said, and no more made of it. */
export async function showTransfer(
  network: Network,
  lookup: DigLookup,
  query: DnsMessage,
  server: ChosenServer,
  screen: DigScreen,
  io: CommandIo,
): Promise<void> {
  const startedAt = network.now();
  const totals = { records: 0, messages: 0, bytes: 0 };
  const end = new TransferEnd(query);
  screen.showBanner();
  try {
    for await (const bytes of messagesOf(network, lookup, query, server, io.signal)) {
      const message = parseDns(bytes);
      if (isMalformed(message) || message.id !== query.id || message.rcode !== RCODE_NOERROR) break;
      totals.messages += 1;
      totals.bytes += bytes.length;
      totals.records += message.answers.length;
      const shown = lookup.sections.has('answer') ? message.answers : [];
      io.stdout(shown.map((record) => formatRecord(record, styleOf(lookup))).join(''));
      await io.drained();
      if (!end.reachedBy(message)) continue;
      const { records, messages, bytes: size } = totals;
      const reply = { server: server.address, port: lookup.port, ms: network.now() - startedAt, bytes: size };
      const xfr = `XFR size: ${records} records (messages ${messages}, bytes ${size})`;
      screen.received(lookup, { ...reply, transport: 'tcp', retriedOverTcp: false }, server, xfr);
      return;
    }
  } catch (error) {
    if ((error as { code?: string }).code === undefined) throw error;
  }
  screen.line('; Transfer failed.');
}

/** Throws what the socket fails with. Ends with the connection, or when nothing comes any more. */
async function* messagesOf(
  network: Network,
  { port }: DigLookup,
  query: DnsMessage,
  server: ChosenServer,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const socket = network.connect({ host: server.address, port, program: 'dig' });
  const stop = (): void => {
    socket.destroy();
  };
  signal.addEventListener('abort', stop);
  socket.setTimeout(SILENCE_MS, stop);
  socket.write(frameDns(emitDns(query)));
  const frames = new DnsFrames();
  try {
    for await (const chunk of socket) yield* frames.push(chunk as Uint8Array);
  } finally {
    signal.removeEventListener('abort', stop);
    socket.destroySoon();
  }
}

/** Where a transfer ends: at the SOA with which it began, which of changes stands there three times. */
export class TransferEnd {
  private readonly zone: string;
  private readonly isIncremental: boolean;
  private first: (ResourceRecord & { readonly type: 'SOA' }) | undefined;
  private count = 0;
  private sightings = 0;
  private needed = 2;

  constructor(query: DnsMessage) {
    this.zone = query.questions[0].name;
    this.isIncremental = query.questions[0].type === 'IXFR';
  }

  /** The message was the last one. */
  reachedBy(message: DnsMessage): boolean {
    for (const record of message.answers) {
      this.count += 1;
      if (record.type !== 'SOA' || !sameName(record.name, this.zone)) continue;
      this.first ??= record;
      // RFC 1995 section 4: a second SOA at once begins a list of changes.
      if (this.count === 2 && this.isIncremental) this.needed = 3;
      if (record.serial === this.first.serial) this.sightings += 1;
      if (this.sightings === this.needed) return true;
    }
    // RFC 1995 section 2: nothing has changed.
    return this.isIncremental && this.count === 1 && this.sightings === 1;
  }
}
