/** Copying a zone from another server over TCP (RFC 5936 section 4.1): one connection, one question, many messages. */
import { DnsFrames, frameDns } from '../../net/dns-framing.js';
import type { Network } from '../../net/network.js';
import type { Timer } from '../../stack/clock.js';
import type { Random } from '../../stack/random.js';
import { DNS_PORT, type DnsMessage, dnsQuery, emitDns, parseDns } from '../../stack/wire/dns.js';
import { isMalformed } from '../../stack/wire/malformed.js';
import { type Transfer, TransferError, type TransferLimits, TransferStream } from './transfer-stream.js';
import type { SoaRecord } from './zone.js';

export interface TransferRequest {
  readonly zone: string;
  /** Dotted. */
  readonly server: string;
  /** Of the copy that is there: changes are asked for (IXFR). Without it the whole zone is (AXFR). */
  readonly have?: SoaRecord;
  readonly signal?: AbortSignal;
}

export interface TransferBounds extends TransferLimits {
  /** Milliseconds without anything, and of the whole. */
  readonly idleMs: number;
  readonly totalMs: number;
}

export const TRANSFER_BOUNDS: TransferBounds = {
  maxRecords: 200_000,
  maxBytes: 64 * 1024 * 1024,
  idleMs: 30_000,
  totalMs: 600_000,
};

/** Rejects with {@link TransferError} for what does not come, or is not what was asked for. */
export function transferIn(
  network: Network,
  random: Random,
  request: TransferRequest,
  bounds: TransferBounds = TRANSFER_BOUNDS,
): Promise<Transfer> {
  const { zone, server, have, signal } = request;
  const query: DnsMessage = {
    ...dnsQuery(random.below(0x10000), zone, have === undefined ? 'AXFR' : 'IXFR', false),
    // RFC 1995 section 3: the copy's SOA says what is known.
    authorities: have === undefined ? [] : [have],
  };
  return new Promise((resolve, reject) => {
    const stream = new TransferStream(zone, have?.serial, bounds);
    const frames = new DnsFrames();
    const socket = network.connect({ host: server, port: DNS_PORT, program: 'name-server' });
    const finish = (act: () => void): void => {
      total.clear();
      signal?.removeEventListener('abort', abort);
      socket.removeAllListeners('data');
      socket.removeAllListeners('end');
      socket.destroySoon();
      act();
    };
    const fail = (message: string): void => finish(() => reject(new TransferError(message)));
    const abort = (): void => fail('it was broken off');
    const total: Timer = network.after(bounds.totalMs, () => fail('it takes too long'));
    socket.setTimeout(bounds.idleMs, () => fail('nothing more comes'));
    socket.on('error', (error: { code?: string }) => fail(`${error.code ?? error}`));
    socket.on('end', () => fail('the connection ends before the zone does'));
    socket.on('data', (chunk: Uint8Array) => {
      try {
        for (const bytes of frames.push(chunk)) {
          const transfer = stream.push(answerTo(query, bytes), bytes.length);
          if (transfer !== undefined) return finish(() => resolve(transfer));
        }
      } catch (error) {
        if (!(error instanceof TransferError)) throw error;
        fail(error.message);
      }
    });
    signal?.addEventListener('abort', abort);
    socket.write(frameDns(emitDns(query)));
  });
}

function answerTo(query: DnsMessage, bytes: Uint8Array): DnsMessage {
  const message = parseDns(bytes);
  if (isMalformed(message)) throw new TransferError(message.malformed);
  const isAnswer = message.response && message.id === query.id && message.opcode === query.opcode;
  if (!isAnswer) throw new TransferError('this is no answer to the question');
  return message;
}
