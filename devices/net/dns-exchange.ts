/**
 * One question to one server, and its answer: UDP first, TCP when the answer is truncated (RFC 7766 section 5), with
 * EDNS where the server knows it (RFC 6891). A source port and an id of its own for each question, and an answer must
 * match in address, port, id and question (RFC 5452 section 9), with mixed case letter by letter.
 */
import type { Instant, Timer } from '../stack/clock.js';
import type { Random } from '../stack/random.js';
import type { Tracer } from '../stack/trace.js';
import { DNS_PORT, type DnsMessage, dnsQuery, RCODE_FORMERR, RCODE_NOTIMP } from '../stack/wire/dns.js';
import { CLASS_IN, type QuestionType } from '../stack/wire/dns-record.js';
import { type Edns, edns } from '../stack/wire/edns.js';
import { type DnsAnswered, DnsConnections } from './dns-connections.js';
import { OutgoingQuery } from './dns-query.js';
import { answerKind, answerTexts } from './dns-trace.js';
import type { Network } from './network.js';
import { ServerMarks } from './server-marks.js';

export type DnsTransport = 'udp' | 'tcp';

export interface DnsAsk {
  readonly name: string;
  readonly type: QuestionType;
  /** Default IN. */
  readonly class?: number;
  readonly recursionDesired: boolean;
  /** Milliseconds for each transport. */
  readonly timeoutMs: number;
  /** Default 53. */
  readonly port?: number;
  /** `udp` goes on with TCP when the answer is truncated, unless `ignoreTruncation`. Default `udp`. */
  readonly transport?: DnsTransport;
  readonly ignoreTruncation?: boolean;
  /** The zone whose server is asked, for the trace. */
  readonly zone?: string;
  /** What the message is besides one question: another opcode (NOTIFY, UPDATE), flags, records of an IXFR or an update. */
  readonly content?: Partial<Omit<DnsMessage, 'id' | 'questions' | 'edns' | 'recursionDesired'>>;
  /**
   * This OPT record, or none, whatever the server makes of it. Default: one that asks for 1232 bytes, and the
   * same question without it to a server that does not know EDNS (RFC 6891 section 7), which is remembered.
   */
  readonly edns?: Edns | 'none';
  /** Hears of each message that is sent, and how long it is. */
  readonly onSent?: (query: DnsMessage, bytes: number) => void;
  readonly signal?: AbortSignal;
}

export interface DnsReply {
  readonly message: DnsMessage;
  /** Dotted address. */
  readonly server: string;
  readonly port: number;
  readonly transport: DnsTransport;
  /** From question to answer, TCP's handshake included; of the transport that answered. */
  readonly ms: number;
  /** Length of the message. */
  readonly bytes: number;
  /** What was sent. */
  readonly query: DnsMessage;
  /** True when UDP's answer was truncated and TCP was used therefore. */
  readonly retriedOverTcp: boolean;
}

/** No usable answer came: code as Node's `dns` module has it, ETIMEOUT, ECONNREFUSED, ECONNRESET, ENETUNREACH, … */
export class DnsExchangeError extends Error {
  readonly code: string;
  readonly server: string;

  constructor(code: string, server: string) {
    super(`${code} ${server}`);
    this.name = 'DnsExchangeError';
    this.code = code;
    this.server = server;
  }
}

export interface DnsExchangeOptions {
  /** Draws the ids. */
  readonly random: Random;
  readonly tracer: Tracer;
  /** Names the owner of the sockets: `resolver`, `name-server`, `dig`. */
  readonly program: string;
  /** Names are asked in mixed case, of servers that keep it. Default false. */
  readonly mixedCase?: boolean;
  /** How long an idle TCP connection is kept for the next question, milliseconds. Default 0. */
  readonly keepTcpMs?: number;
}

/** For so long a server's lack of EDNS, or of respect for case, is remembered. */
const MARKED_MS = 900_000;
/** The answer came in another case than the question: forged, or of a server that does not keep it. */
const OTHER_CASE = 'ECASE';

type Settle = (answer: DnsAnswered) => void;
type Fail = (error: { code?: string }) => void;

export class DnsExchange {
  private readonly network: Network;
  private readonly random: Random;
  private readonly tracer: Tracer;
  private readonly program: string;
  private readonly mixedCase: boolean;
  private readonly keepsTcp: boolean;
  private readonly connections: DnsConnections;
  private readonly withoutEdns: ServerMarks;
  private readonly withoutCase: ServerMarks;

  constructor(network: Network, options: DnsExchangeOptions) {
    const { random, tracer, program, mixedCase = false, keepTcpMs = 0 } = options;
    this.network = network;
    this.random = random;
    this.tracer = tracer;
    this.program = program;
    this.mixedCase = mixedCase;
    this.keepsTcp = keepTcpMs > 0;
    this.connections = new DnsConnections(network, program, keepTcpMs);
    this.withoutEdns = new ServerMarks(() => network.now(), MARKED_MS);
    this.withoutCase = new ServerMarks(() => network.now(), MARKED_MS);
  }

  /** Rejects with {@link DnsExchangeError}; an answer that says "error" is an answer. */
  async ask(server: string, ask: DnsAsk): Promise<DnsReply> {
    const reply = await this.askOnce(server, ask);
    if (ask.edns !== undefined || reply.query.edns === undefined || !lacksEdns(reply.message)) return reply;
    const plain = await this.askOnce(server, { ...ask, edns: 'none' });
    // What it finds fault with is something else, when it does so again.
    if (!lacksEdns(plain.message)) this.withoutEdns.add(server);
    return plain;
  }

  /**
   * Asks the servers one after the other, `rounds` times, until `use` makes something of an answer. Undefined when it
   * makes nothing of any, or the question is cancelled. `onFailure` hears of each server that gave no answer.
   */
  async askInTurn<Use>(
    servers: readonly string[],
    ask: DnsAsk,
    rounds: number,
    use: (reply: DnsReply) => Use | undefined,
    onFailure: (error: DnsExchangeError) => void = () => {},
  ): Promise<Use | undefined> {
    for (let round = 0; round < rounds; round++) {
      for (const server of servers) {
        try {
          const used = use(await this.ask(server, ask));
          if (used !== undefined) return used;
        } catch (error) {
          if (!(error instanceof DnsExchangeError)) throw error;
          if (error.code === 'ECANCELLED') return undefined;
          onFailure(error);
        }
      }
    }
    return undefined;
  }

  /** UDP, and where that does not do, TCP. */
  private async askOnce(server: string, ask: DnsAsk): Promise<DnsReply> {
    if (ask.transport === 'tcp') return this.exchange(server, ask, 'tcp', false);
    try {
      const reply = await this.exchange(server, ask, 'udp', false);
      if (!reply.message.truncated || ask.ignoreTruncation === true) return reply;
    } catch (error) {
      if (!(error instanceof DnsExchangeError) || error.code !== OTHER_CASE) throw error;
      return this.askOfOtherCase(server, ask);
    }
    return this.exchange(server, ask, 'tcp', true);
  }

  /** TCP cannot be forged from afar, and shows whether the server keeps case. One without TCP is asked in plain case. */
  private async askOfOtherCase(server: string, ask: DnsAsk): Promise<DnsReply> {
    try {
      return await this.exchange(server, ask, 'tcp', false);
    } catch (error) {
      if (!(error instanceof DnsExchangeError) || error.code === 'ECANCELLED') throw error;
      this.withoutCase.add(server);
      return this.askOnce(server, ask);
    }
  }

  private async exchange(server: string, ask: DnsAsk, transport: DnsTransport, retry: boolean): Promise<DnsReply> {
    const { name, type, zone, port = DNS_PORT } = ask;
    const query = this.queryFor(server, ask, transport);
    const facts = { transport, id: query.message.id, name, type, ...(zone === undefined ? {} : { zone }) };
    const askedAt: Instant = this.network.now();
    ask.onSent?.(query.message, query.bytes.length);
    this.tracer.emit({ event: 'dns-query', to: server, recursionDesired: ask.recursionDesired, ...facts });
    try {
      const carry = transport === 'udp' ? this.overUdp : this.overTcp;
      const { message, bytes, keepsCase } = await this.bounded(server, ask, (settle, fail) =>
        carry(query, server, port, settle, fail),
      );
      const ms = this.network.now() - askedAt;
      if (!keepsCase) this.withoutCase.add(server);
      const kind = answerKind(message);
      this.tracer.emit({ event: 'dns-answer', from: server, kind, answers: answerTexts(message), ms, ...facts });
      return { message, bytes, query: query.message, server, port, transport, ms, retriedOverTcp: retry };
    } catch (error) {
      this.tracer.emit({ event: 'dns-timeout', to: server, ...facts });
      throw error;
    }
  }

  private queryFor(server: string, ask: DnsAsk, transport: DnsTransport): OutgoingQuery {
    const { name, type, port = DNS_PORT } = ask;
    let id = this.random.below(0x10000);
    while (transport === 'tcp' && !this.connections.isFree(server, port, id)) id = this.random.below(0x10000);
    const opt = this.ednsFor(server, ask, transport);
    const message: DnsMessage = {
      ...dnsQuery(id, name, type, ask.recursionDesired),
      questions: [{ name, type, class: ask.class ?? CLASS_IN }],
      ...ask.content,
      ...(opt === undefined ? {} : { edns: opt }),
    };
    const isMixed = this.mixedCase && !this.withoutCase.has(server);
    return new OutgoingQuery(message, isMixed ? this.random : undefined);
  }

  private ednsFor(server: string, ask: DnsAsk, transport: DnsTransport): Edns | undefined {
    if (ask.edns !== undefined) return ask.edns === 'none' ? undefined : ask.edns;
    if (this.withoutEdns.has(server)) return undefined;
    return edns(transport === 'tcp' && this.keepsTcp ? { options: [{ kind: 'tcp-keepalive' }] } : {});
  }

  private readonly overUdp = (query: OutgoingQuery, server: string, port: number, settle: Settle, fail: Fail) => {
    const { counters } = this.network.stack;
    const socket = this.network.createUdpSocket({ program: this.program });
    socket.on('error', fail);
    socket.on('message', (bytes, from) => {
      if (from.address !== server || from.port !== port) {
        counters.add('dns.strangerAnswer');
        return;
      }
      const verdict = query.judge(bytes);
      if (verdict.kind === 'malformed') counters.add('dns.malformedAnswer');
      else if (verdict.kind === 'mismatched') counters.add('dns.mismatchedAnswer');
      else if (verdict.keepsCase) settle(verdict);
      else {
        counters.add('dns.otherCaseAnswer');
        fail({ code: OTHER_CASE });
      }
    });
    // Connected, so that "port unreachable" is reported.
    socket.connect(port, server, () => socket.send(query.bytes));
    return () => socket.close();
  };

  private readonly overTcp = (query: OutgoingQuery, server: string, port: number, settle: Settle, fail: Fail) =>
    this.connections.send(server, port, { query, settle, fail });

  /** Runs one transport until it settles with an acceptable answer, fails, is aborted or its time is over. */
  private bounded(server: string, ask: DnsAsk, open: (settle: Settle, fail: Fail) => () => void): Promise<DnsAnswered> {
    return new Promise((resolve, reject) => {
      let close = (): void => {};
      let over = false;
      const finish = (act: () => void): void => {
        if (over) return;
        over = true;
        timer.clear();
        ask.signal?.removeEventListener('abort', abort);
        close();
        act();
      };
      const fail: Fail = (error) => finish(() => reject(new DnsExchangeError(error.code ?? 'EUNKNOWN', server)));
      const abort = (): void => fail({ code: 'ECANCELLED' });
      const timer: Timer = this.network.after(ask.timeoutMs, () => fail({ code: 'ETIMEOUT' }));
      if (ask.signal?.aborted) return abort();
      ask.signal?.addEventListener('abort', abort);
      try {
        close = open((answer) => finish(() => resolve(answer)), fail);
      } catch (error) {
        return fail(error as { code?: string });
      }
      if (over) close();
    });
  }
}

/** RFC 6891 section 7: who does not know EDNS says FORMERR or NOTIMP, and has no OPT record in its answer. */
function lacksEdns(message: DnsMessage): boolean {
  return message.edns === undefined && (message.rcode === RCODE_FORMERR || message.rcode === RCODE_NOTIMP);
}
