/** `ping` of iputils. */
import type { Network } from '../../net/network.js';
import type { PingResponse, PingSocket } from '../../net/ping-socket.js';
import type { Resolver } from '../../net/resolver.js';
import type { SocketError } from '../../net/socket-errors.js';
import { formatIpv4, type Ipv4Address, isLoopback, parseIpv4 } from '../../stack/wire/address.js';
import { type Arguments, parseArguments } from './arguments.js';
import type { Command, CommandIo } from './command.js';
import { CommandFailure, defineCommand, UsageError } from './define.js';
import { pingErrorText } from './icmp-text.js';
import { addressOf } from './names.js';
import { PingStatistics, roundTripText } from './ping-statistics.js';

const DEFAULT_DATA_BYTES = 56;
const ICMP_HEADER_BYTES = 8;
const HEADERS_BYTES = 20 + ICMP_HEADER_BYTES;
const MAX_DATA_BYTES = 65507;
const MINIMUM_INTERVAL_SECONDS = 0.002;
/** How long the last reply is waited for when none has come before. */
const DEFAULT_LINGER_SECONDS = 10;
/** With earlier replies: twice the longest round trip, but at least this. */
const MINIMUM_LINGER_MS = 1000;

interface PingSettings {
  /** Infinity: until Ctrl-C. */
  readonly count: number;
  readonly intervalMs: number;
  readonly lingerMs: number | undefined;
  /** Of the whole command; Infinity: none. */
  readonly deadlineMs: number;
  readonly dataBytes: number;
  readonly ttl: number | undefined;
  readonly quiet: boolean;
  readonly dontFragment: boolean | 'whole';
}

export function ping(network: Network, resolver: Resolver): Command {
  return defineCommand({
    name: 'ping',
    summary: 'send ICMP echo requests to a host and time the replies',
    usage:
      'ping [-nq] [-c count] [-i interval] [-W timeout] [-w deadline] [-s size] [-t ttl] [-M do|want|dont] destination',
    async run(argv, io) {
      const args = parseArguments(argv, 'c:i:W:w:s:t:M:nq4', { count: 'c', interval: 'i', quiet: 'q', ttl: 't' });
      if (args.operands.length !== 1) {
        throw new UsageError(
          args.operands.length === 0 ? 'usage error: Destination address required' : 'one destination only',
        );
      }
      const settings = readSettings(args);
      const [host] = args.operands;
      const address = await addressOf(resolver, host);
      if (typeof address === 'string') throw new CommandFailure(`${host}: ${address}`, 2);
      checkDestination(network, address);
      io.stdout(
        `PING ${host} (${formatIpv4(address)}) ${settings.dataBytes}(${settings.dataBytes + HEADERS_BYTES}) bytes of data.\n`,
      );
      return new PingRun(network, host, formatIpv4(address), settings, io).run();
    },
  });
}

function readSettings(args: Arguments): PingSettings {
  const intervalSeconds = args.seconds('i', 0) ?? 1;
  if (intervalSeconds < MINIMUM_INTERVAL_SECONDS) {
    throw new UsageError('cannot flood; minimal interval allowed for user is 2ms');
  }
  const linger = args.seconds('W', 0.001);
  const fragmentation = args.value('M') ?? 'want';
  if (!['do', 'want', 'dont'].includes(fragmentation)) throw new UsageError(`invalid -M argument: ${fragmentation}`);
  return {
    count: args.integer('c', 1, Number.MAX_SAFE_INTEGER) ?? Number.POSITIVE_INFINITY,
    intervalMs: intervalSeconds * 1000,
    lingerMs: linger === undefined ? undefined : linger * 1000,
    deadlineMs: (args.seconds('w', 0.001) ?? Number.POSITIVE_INFINITY) * 1000,
    dataBytes: args.integer('s', 0, MAX_DATA_BYTES) ?? DEFAULT_DATA_BYTES,
    ttl: args.integer('t', 1, 255),
    quiet: args.has('q'),
    dontFragment: fragmentation === 'want' ? 'whole' : fragmentation === 'do',
  };
}

/** Linux connects a socket first, and so fails before the first packet when there is no route. */
function checkDestination(network: Network, address: Ipv4Address): void {
  const { ipv4 } = network.stack;
  if (ipv4.isBroadcast(address))
    throw new CommandFailure('Do you want to ping broadcast? No host here would answer.', 2);
  if (!isLoopback(address) && ipv4.sourceFor(address) === undefined) {
    throw new CommandFailure('connect: Network is unreachable', 2);
  }
}

/** One run of the command, ended by the last answer, by time, or by Ctrl-C. */
class PingRun {
  private readonly network: Network;
  private readonly host: string;
  private readonly address: string;
  private readonly settings: PingSettings;
  private readonly io: CommandIo;
  private readonly socket: PingSocket;
  private readonly statistics = new PingStatistics();
  /** Sequence numbers that were answered: what comes again is a duplicate. */
  private readonly answered = new Set<number>();
  private readonly ended = new AbortController();
  private readonly data: Uint8Array;

  constructor(network: Network, host: string, address: string, settings: PingSettings, io: CommandIo) {
    this.network = network;
    this.host = host;
    this.address = address;
    this.settings = settings;
    this.io = io;
    this.socket = network.createPingSocket();
    this.data = Uint8Array.from({ length: settings.dataBytes }, (_, index) => index);
  }

  async run(): Promise<number> {
    const { count, deadlineMs, intervalMs } = this.settings;
    const end = (): void => this.ended.abort();
    const deadline = this.network.stack.timers.create(end);
    if (deadlineMs !== Number.POSITIVE_INFINITY) {
      this.network.perform(() => deadline.set(this.network.now() + deadlineMs));
    }
    this.io.signal.addEventListener('abort', end, { once: true });
    if (this.io.signal.aborted) end();
    this.socket.on('response', (response) => this.receive(response));
    const startedAt = this.network.now();
    let sentAt = startedAt;
    try {
      for (let sequence = 1; sequence <= count && !this.ended.signal.aborted; sequence++) {
        sentAt = this.network.now();
        this.send(sequence);
        await this.pause(sequence < count ? intervalMs : this.lingerMs());
      }
    } finally {
      deadline.clear();
      this.io.signal.removeEventListener('abort', end);
      this.socket.close();
    }
    const { statistics } = this;
    this.io.stdout(statistics.summary(this.host, sentAt - startedAt));
    const wanted = deadlineMs === Number.POSITIVE_INFINITY || count === Number.POSITIVE_INFINITY ? 1 : count;
    return statistics.received >= wanted ? 0 : 1;
  }

  private lingerMs(): number {
    const { lingerMs } = this.settings;
    if (lingerMs !== undefined) return lingerMs;
    if (this.statistics.received === 0) return DEFAULT_LINGER_SECONDS * 1000;
    return Math.max(MINIMUM_LINGER_MS, 2 * this.statistics.maximumMs);
  }

  /** Ends early when the run does. */
  private async pause(ms: number): Promise<void> {
    try {
      await this.network.sleep(ms, this.ended.signal);
    } catch (error) {
      if (!this.ended.signal.aborted) throw error;
    }
  }

  private send(sequence: number): void {
    const { ttl, dontFragment } = this.settings;
    this.statistics.sent += 1;
    // The field has 16 bits: Linux goes round too.
    const request = { address: this.address, sequence: sequence & 0xffff, ttl, data: this.data, dontFragment };
    this.answered.delete(request.sequence);
    try {
      this.socket.send(request);
    } catch (error) {
      this.statistics.errors += 1;
      this.io.stderr(`ping: ${this.sendProblem(error as SocketError)}\n`);
      this.endWhenAnswered();
    }
  }

  private sendProblem(error: SocketError): string {
    if (error.code === 'EMSGSIZE') {
      const mtu = this.network.stack.ipv4.mtuFor(parseIpv4(this.address) ?? 0);
      return `local error: message too long, mtu=${mtu}`;
    }
    if (error.code === 'ENETUNREACH') return 'sendmsg: Network is unreachable';
    if (error.code === 'EHOSTUNREACH') return 'sendmsg: No route to host';
    if (error.code === 'ENOBUFS') return 'sendmsg: No buffer space available';
    throw error;
  }

  private receive(response: PingResponse): void {
    const { from, sequence } = response;
    const { quiet, dataBytes } = this.settings;
    if (response.kind === 'error') {
      this.statistics.errors += 1;
      const text = pingErrorText(response.type, response.code, response.mtu);
      if (!quiet) this.io.stdout(`From ${from} icmp_seq=${sequence} ${text}\n`);
    } else {
      const duplicate = this.answered.has(sequence);
      this.answered.add(sequence);
      this.statistics.addReply(response.roundTripMs, duplicate);
      const time = `time=${roundTripText(response.roundTripMs)} ms`;
      const head = `${dataBytes + ICMP_HEADER_BYTES} bytes from ${from}: icmp_seq=${sequence} ttl=${response.ttl}`;
      if (!quiet) this.io.stdout(`${head} ${time}${duplicate ? ' (DUP!)' : ''}\n`);
    }
    this.endWhenAnswered();
  }

  private endWhenAnswered(): void {
    const { received, errors } = this.statistics;
    if (received + errors >= this.settings.count) this.ended.abort();
  }
}
