/**
 * The door of a DNS server: UDP and TCP on port 53, from bytes to questions and back (RFC 1035 section 4.2, RFC 7766).
 * Refuses what no server here answers, so that its owner sees ordinary questions alone.
 */
import type { DnsTransport } from '../../net/dns-exchange.js';
import { DnsFrames, frameDns } from '../../net/dns-framing.js';
import type { Network } from '../../net/network.js';
import type { TcpServer } from '../../net/tcp-server.js';
import type { TcpSocket } from '../../net/tcp-socket.js';
import type { UdpSocket } from '../../net/udp-socket.js';
import type { Random } from '../../stack/random.js';
import { formatIpv4 } from '../../stack/wire/address.js';
import { readU16 } from '../../stack/wire/bytes.js';
import {
  DNS_HEADER_LENGTH,
  DNS_PORT,
  type DnsMessage,
  dnsQuery,
  dnsResponse,
  emitDns,
  parseDns,
  RCODE_FORMERR,
  RCODE_SERVFAIL,
} from '../../stack/wire/dns.js';
import { isMalformed } from '../../stack/wire/malformed.js';
import type { Logger } from '../machine.js';
import { EdnsAnswerer } from './edns-answer.js';
import { ordinaryRefusalOf } from './refusals.js';

/** Who asked. */
export interface DnsAsker {
  /** Dotted. */
  readonly address: string;
  readonly transport: DnsTransport;
}

/** Several messages, over TCP alone, are made one by one as the connection takes them: a zone's transfer (RFC 5936). */
export type DnsAnswer = DnsMessage | Iterable<DnsMessage>;

/** Gets the queries that are not refused. */
export type DnsAnswerer = (query: DnsMessage, asker: DnsAsker) => Promise<DnsAnswer>;

export interface DnsListenerOptions {
  /** Names the owner of the sockets. */
  readonly program: string;
  readonly log: Logger;
  /** Default 53. */
  readonly port?: number;
  /** The error that a query gets at once, if any. Default: {@link ordinaryRefusalOf}. */
  readonly refuse?: (query: DnsMessage) => number | undefined;
  /** The server's name for itself, told to who asks for it (RFC 5001). */
  readonly identity?: string;
  /** For the secret of cookies; none are given without it. */
  readonly random?: Random;
}

/** RFC 7766 section 6.2.3: an idle connection is closed after a few seconds. */
export const IDLE_MS = 10_000;
export const MAX_CONNECTIONS = 100;
/**
 * Questions of one connection whose answers are not found, or not taken by the client yet; with more, the connection is
 * not read meanwhile.
 */
export const MAX_PIPELINED = 16;

export class DnsListener {
  private readonly network: Network;
  private readonly answer: DnsAnswerer;
  private readonly options: DnsListenerOptions;
  private readonly edns: EdnsAnswerer;
  private readonly connections = new Set<TcpSocket>();
  private datagrams: UdpSocket[] = [];
  private tcp: TcpServer | undefined;

  constructor(network: Network, answer: DnsAnswerer, options: DnsListenerOptions) {
    this.network = network;
    this.answer = answer;
    this.options = options;
    this.edns = new EdnsAnswerer(network, { ...options, idleMs: IDLE_MS });
  }

  start(): void {
    const { program, log, port = DNS_PORT } = this.options;
    const failed = (error: Error) => log.error({ err: error, port }, 'DNS socket failed');
    this.datagrams = this.ownAddresses().map((address) => {
      const socket = this.network.createUdpSocket({ program, reuseAddr: true });
      socket.on('error', failed);
      socket.on('message', (bytes, from) => {
        // RFC 768: who sends from port 0 expects no answer, and could not be given one.
        if (from.port === 0) this.network.stack.counters.add('dns.noReplyPort');
        else {
          this.respond(bytes, { address: from.address, transport: 'udp' }).then(([reply]) => {
            if (reply !== undefined && this.datagrams.includes(socket)) socket.send(reply, from.port, from.address);
          });
        }
      });
      return socket.bind({ port, address });
    });
    this.tcp = this.network.createServer({ program, noDelay: true, allowHalfOpen: true }, (socket) =>
      this.serve(socket),
    );
    this.tcp.on('error', failed);
    this.tcp.listen({ port });
  }

  async stop(): Promise<void> {
    const { datagrams, tcp } = this;
    this.datagrams = [];
    this.tcp = undefined;
    for (const socket of datagrams) socket.close();
    for (const socket of this.connections) socket.destroy();
    if (tcp !== undefined) await new Promise<void>((resolve) => tcp.close(() => resolve()));
  }

  /**
   * A client takes an answer only from the address that it asked. A machine with several addresses therefore has a
   * socket for each, besides the one for all, which also hears what is sent to addresses that DHCP brings later.
   */
  private ownAddresses(): (string | undefined)[] {
    const own = this.network.stack.ipv4.interfaces.flatMap(({ addresses }) => addresses);
    return own.length < 2 ? [undefined] : [undefined, ...own.map(({ address }) => formatIpv4(address))];
  }

  /** Any number of queries on one connection, answered as the answers are found, not in their order. */
  private serve(socket: TcpSocket): void {
    if (this.connections.size >= MAX_CONNECTIONS) {
      socket.destroy();
      return;
    }
    this.connections.add(socket);
    const frames = new DnsFrames();
    let waiting = 0;
    let ended = false;
    const endIfDone = (): void => {
      if (ended && waiting === 0) socket.end();
    };
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', () => this.connections.delete(socket));
    socket.on('end', () => {
      ended = true;
      endIfDone();
    });
    const answered = (): void => {
      if (waiting === MAX_PIPELINED) socket.resume();
      waiting -= 1;
      endIfDone();
    };
    const asker: DnsAsker = { address: socket.remoteAddress ?? '', transport: 'tcp' };
    socket.on('data', (chunk: Uint8Array) => {
      for (const bytes of frames.push(chunk)) {
        waiting += 1;
        if (waiting === MAX_PIPELINED) socket.pause();
        this.respond(bytes, asker).then((replies) => writeAll(socket, replies[Symbol.iterator](), answered));
      }
    });
  }

  /** Never rejects. Empty for what gets no answer: noise, and answers to nobody's question. */
  private async respond(bytes: Uint8Array, asker: DnsAsker): Promise<Iterable<Uint8Array>> {
    const query = parseDns(bytes);
    if (isMalformed(query)) return this.complain(bytes);
    if (query.response) {
      this.network.stack.counters.add('dns.strayResponse');
      return [];
    }
    this.network.stack.counters.add('dns.queries');
    const emit = (answer: DnsMessage) =>
      emitDns(this.edns.complete(answer, query, asker), this.edns.limit(query, asker));
    try {
      const answer = this.refusalOf(query) ?? (await this.answer(query, asker));
      return Symbol.iterator in answer ? mapEach(answer, emit) : [emit(answer)];
    } catch (error) {
      this.options.log.error({ err: error, question: query.questions[0] }, 'a DNS question could not be answered');
      return [emit(dnsResponse(query, { rcode: RCODE_SERVFAIL }))];
    }
  }

  private refusalOf(query: DnsMessage): DnsMessage | undefined {
    const { refuse = ordinaryRefusalOf } = this.options;
    const badVersion = this.edns.refusal(query);
    if (badVersion !== undefined) return badVersion;
    const rcode = refuse(query);
    return rcode === undefined ? undefined : dnsResponse(query, { rcode });
  }

  /** RFC 1035 section 4.1.1: FORMERR with id, opcode and RD as they came, when there is at least a header that asks for an answer. */
  private complain(bytes: Uint8Array): Uint8Array[] {
    this.network.stack.counters.add('dns.malformedQuery');
    if (bytes.length < DNS_HEADER_LENGTH || bytes[2] >>> 7 === 1) return [];
    const [opcode, recursionDesired] = [(bytes[2] >>> 3) & 0xf, (bytes[2] & 1) === 1];
    const query = { ...dnsQuery(readU16(bytes, 0), '.', 'A', recursionDesired), opcode, questions: [] };
    return [emitDns(dnsResponse(query, { rcode: RCODE_FORMERR }))];
  }
}

function* mapEach<From, To>(items: Iterable<From>, change: (item: From) => To): Iterable<To> {
  for (const item of items) yield change(item);
}

/** One message after the other, each when the connection has taken the one before; then calls `done`. */
function writeAll(socket: TcpSocket, messages: Iterator<Uint8Array>, done: () => void): void {
  let next: IteratorResult<Uint8Array>;
  try {
    next = messages.next();
  } catch (error) {
    // Half a transfer is worth nothing, and only its end tells the client so.
    socket.destroy(error as Error);
    return;
  }
  if (next.done === true || socket.destroyed) done();
  else socket.write(frameDns(next.value), () => writeAll(socket, messages, done));
}
