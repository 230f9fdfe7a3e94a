/**
 * One question to one server, and its answer: UDP first, TCP when the answer is truncated (RFC 7766 section 5). A
 * source port and an id of its own for each question, and an answer must match in address, port, id and question
 * (RFC 5452 section 9).
 */
import type { Instant, Timer } from '../stack/clock.js';
import type { Random } from '../stack/random.js';
import type { Tracer } from '../stack/trace.js';
import { DNS_PORT, type DnsMessage, dnsQuery, emitDns, OPCODE_UPDATE, parseDns } from '../stack/wire/dns.js';
import { sameName } from '../stack/wire/dns-name.js';
import { CLASS_IN, type QuestionType } from '../stack/wire/dns-record.js';
import { isMalformed } from '../stack/wire/malformed.js';
import { DnsFrames, frameDns } from './dns-framing.js';
import { answerKind, answerTexts } from './dns-trace.js';
import type { Network } from './network.js';

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
  /** What the message is besides one question: another opcode (NOTIFY, UPDATE), records of an IXFR or an update. */
  readonly content?: Partial<Pick<DnsMessage, 'opcode' | 'authoritative' | 'answers' | 'authorities' | 'additionals'>>;
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
}

/** The bytes of an answer, as one of the two transports brought them. */
interface Carried {
  readonly message: DnsMessage;
  readonly bytes: number;
}

type Carrier = (query: DnsMessage, server: string, ask: DnsAsk) => Promise<Carried>;

export class DnsExchange {
  private readonly network: Network;
  private readonly random: Random;
  private readonly tracer: Tracer;
  private readonly program: string;

  constructor(network: Network, options: DnsExchangeOptions) {
    this.network = network;
    this.random = options.random;
    this.tracer = options.tracer;
    this.program = options.program;
  }

  /** Rejects with {@link DnsExchangeError}; an answer that says "error" is an answer. */
  async ask(server: string, ask: DnsAsk): Promise<DnsReply> {
    if (ask.transport === 'tcp') return this.exchange(server, ask, 'tcp', false);
    const reply = await this.exchange(server, ask, 'udp', false);
    if (!reply.message.truncated || ask.ignoreTruncation === true) return reply;
    return this.exchange(server, ask, 'tcp', true);
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

  private async exchange(server: string, ask: DnsAsk, transport: DnsTransport, retry: boolean): Promise<DnsReply> {
    const { name, type, zone } = ask;
    const id = this.random.below(0x10000);
    const query = {
      ...dnsQuery(id, name, type, ask.recursionDesired),
      questions: [{ name, type, class: ask.class ?? CLASS_IN }],
      ...ask.content,
    };
    const facts = { transport, id, name, type, ...(zone === undefined ? {} : { zone }) };
    const askedAt: Instant = this.network.now();
    this.tracer.emit({ event: 'dns-query', to: server, recursionDesired: ask.recursionDesired, ...facts });
    const carry: Carrier = transport === 'udp' ? this.overUdp : this.overTcp;
    try {
      const { message, bytes } = await carry(query, server, ask);
      const ms = this.network.now() - askedAt;
      const kind = answerKind(message);
      this.tracer.emit({ event: 'dns-answer', from: server, kind, answers: answerTexts(message), ms, ...facts });
      return { message, bytes, server, port: ask.port ?? DNS_PORT, transport, ms, retriedOverTcp: retry };
    } catch (error) {
      this.tracer.emit({ event: 'dns-timeout', to: server, ...facts });
      throw error;
    }
  }

  private readonly overUdp: Carrier = (query, server, ask) => {
    const port = ask.port ?? DNS_PORT;
    return this.bounded(server, ask, (settle, fail) => {
      const socket = this.network.createUdpSocket({ program: this.program });
      socket.on('error', fail);
      socket.on('message', (bytes, from) => {
        if (from.address !== server || from.port !== port) this.network.stack.counters.add('dns.strangerAnswer');
        else settle(this.accept(bytes, query));
      });
      // Connected, so that "port unreachable" is reported.
      socket.connect(port, server, () => socket.send(emitDns(query)));
      return () => socket.close();
    });
  };

  private readonly overTcp: Carrier = (query, server, ask) =>
    this.bounded(server, ask, (settle, fail) => {
      const frames = new DnsFrames();
      const socket = this.network.connect({ host: server, port: ask.port ?? DNS_PORT, program: this.program });
      socket.on('error', fail);
      socket.on('data', (chunk: Uint8Array) => {
        for (const bytes of frames.push(chunk)) settle(this.accept(bytes, query));
      });
      socket.on('end', () => fail({ code: 'ECONNRESET' }));
      socket.write(frameDns(emitDns(query)));
      return () => {
        // The answer is here: our side closes too, and nobody waits for the rest.
        socket.removeAllListeners('end');
        socket.destroySoon();
      };
    });

  /** Runs one transport until it settles with an acceptable answer, fails, is aborted or its time is over. */
  private bounded(
    server: string,
    ask: DnsAsk,
    open: (settle: (carried: Carried | undefined) => void, fail: (error: { code?: string }) => void) => () => void,
  ): Promise<Carried> {
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
      const fail = (error: { code?: string }): void =>
        finish(() => reject(new DnsExchangeError(error.code ?? 'EUNKNOWN', server)));
      const abort = (): void => fail({ code: 'ECANCELLED' });
      const timer: Timer = this.network.after(ask.timeoutMs, () => fail({ code: 'ETIMEOUT' }));
      if (ask.signal?.aborted) return abort();
      ask.signal?.addEventListener('abort', abort);
      try {
        close = open((carried) => carried !== undefined && finish(() => resolve(carried)), fail);
      } catch (error) {
        return fail(error as { code?: string });
      }
      if (over) close();
    });
  }

  /** Undefined, and counted, for what is no answer to this query. */
  private accept(bytes: Uint8Array, query: DnsMessage): Carried | undefined {
    const message = parseDns(bytes);
    const { counters } = this.network.stack;
    if (isMalformed(message)) {
      counters.add('dns.malformedAnswer');
      return undefined;
    }
    const isSame = message.response && message.id === query.id && message.opcode === query.opcode;
    if (!isSame || !answersQuestion(message, query)) {
      counters.add('dns.mismatchedAnswer');
      return undefined;
    }
    return { message, bytes: bytes.length };
  }
}

/** Servers that do not understand a query may answer without its question; to an update without the zone (RFC 2136 3.8). */
function answersQuestion(message: DnsMessage, query: DnsMessage): boolean {
  const [question] = query.questions;
  if (message.questions.length === 0) return message.rcode !== 0 || query.opcode === OPCODE_UPDATE;
  const [asked] = message.questions;
  return (
    message.questions.length === 1 &&
    asked.type === question.type &&
    asked.class === question.class &&
    sameName(asked.name, question.name)
  );
}
