/** A zone's transfer, for who looks at it as it comes (RFC 5936, RFC 1995): any number of messages over TCP. */
import { DnsFrames, frameDns } from '../../net/dns-framing.js';
import type { Network } from '../../net/network.js';
import { type DnsMessage, emitDns, parseDns, RCODE_NOERROR } from '../../stack/wire/dns.js';
import { sameName } from '../../stack/wire/dns-name.js';
import type { ResourceRecord } from '../../stack/wire/dns-record.js';
import { isMalformed } from '../../stack/wire/malformed.js';

/** Milliseconds without anything. */
export const SILENCE_MS = 10_000;

export interface TransferPart {
  readonly message: DnsMessage;
  readonly bytes: number;
  readonly isLast: boolean;
}

/** Ends early, without a last part, when the server refuses (with that answer), sends something else, or nothing. */
export async function* transferMessages(
  network: Network,
  query: DnsMessage,
  server: string,
  port: number,
  signal: AbortSignal,
): AsyncGenerator<TransferPart> {
  const end = new TransferEnd(query);
  for await (const bytes of framesOf(network, query, server, port, signal)) {
    const message = parseDns(bytes);
    if (isMalformed(message) || message.id !== query.id) return;
    const isLast = end.reachedBy(message);
    yield { message, bytes: bytes.length, isLast };
    if (isLast || message.rcode !== RCODE_NOERROR) return;
  }
}

async function* framesOf(
  network: Network,
  query: DnsMessage,
  host: string,
  port: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const socket = network.connect({ host, port, program: 'dig' });
  const stop = (): void => {
    socket.destroy();
  };
  signal.addEventListener('abort', stop);
  socket.setTimeout(SILENCE_MS, stop);
  socket.write(frameDns(emitDns(query)));
  const frames = new DnsFrames();
  try {
    for await (const chunk of socket) yield* frames.push(chunk as Uint8Array);
  } catch (error) {
    // What a socket fails with has a code; the connection is over.
    if ((error as { code?: string }).code === undefined) throw error;
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
