/** `iperf`: how fast TCP is between two hosts, or what becomes of datagrams. Options and output as those of iperf3, the protocol is our own. */
import type { Network } from '../../net/network.js';
import type { Resolver } from '../../net/resolver.js';
import type { SocketError } from '../../net/socket-errors.js';
import type { Random } from '../../stack/random.js';
import { formatIpv4 } from '../../stack/wire/address.js';
import { runClient, type WantedTest } from '../iperf/client.js';
import { IperfError } from '../iperf/control.js';
import { JsonReport } from '../iperf/json-report.js';
import {
  CONGESTION_CONTROLS,
  IPERF_PORT,
  MAX_BLOCK_BYTES,
  MAX_BUFFER_BYTES,
  MAX_DATAGRAM_BYTES,
  MAX_RATE,
  MAX_SECONDS,
  MAX_STREAMS,
  MIN_BUFFER_BYTES,
  MIN_DATAGRAM_BYTES,
  MIN_RATE,
} from '../iperf/protocol.js';
import { IperfServer, type ServerObserver } from '../iperf/server.js';
import { TextReport } from '../iperf/text-report.js';
import { parseAmount, parseRate } from '../iperf/units.js';
import { type Arguments, parseArguments } from './arguments.js';
import { type Command, type CommandIo, INTERRUPTED_STATUS } from './command.js';
import { CommandFailure, defineCommand, UsageError } from './define.js';
import { addressOf } from './names.js';
import { problemText } from './nc-options.js';

const LETTERS = 's1Ruc:p:t:n:P:i:C:l:w:b:J4';
const LONG = {
  server: 's',
  client: 'c',
  port: 'p',
  'one-off': '1',
  time: 't',
  bytes: 'n',
  parallel: 'P',
  reverse: 'R',
  interval: 'i',
  congestion: 'C',
  length: 'l',
  window: 'w',
  udp: 'u',
  bitrate: 'b',
  json: 'J',
};
const DEFAULT_SECONDS = 10;
/** Of UDP, bit/s: iperf3's million. */
const DEFAULT_RATE = 1024 * 1024;
const DEFAULT_INTERVAL_SECONDS = 1;
const LINE = `${'-'.repeat(59)}\n`;
const CLIENT_OPTIONS = ['t', 'n', 'P', 'R', 'C', 'l', 'w', 'u', 'b'];
const TCP_OPTIONS = ['C', 'w'];

export function iperf(network: Network, resolver: Resolver, random: Random): Command {
  return defineCommand({
    name: 'iperf',
    summary: 'measure TCP or UDP: a server (-s) on one host, a client (-c) on another',
    usage:
      'iperf -s [-p port] [-1] [-i seconds] [--json]\n' +
      '       iperf -c host [-p port] [-t seconds | -n bytes[KMG]] [-P streams] [-R]\n' +
      '                     [-i seconds] [-C cubic|reno] [-l bytes[KMG]] [-w bytes[KMG]] [--json]\n' +
      '       iperf -c host -u [-b bits[KMG]] [-l bytes] …',
    async run(argv, io) {
      const args = parseArguments(argv, LETTERS, LONG);
      if (args.operands.length > 0) throw new UsageError(`unknown argument '${args.operands[0]}'`);
      if (args.has('s') === args.has('c')) {
        throw new UsageError(args.has('s') ? 'either -s or -c, not both' : 'either -s or -c is needed');
      }
      if (!args.has('s')) return measure(network, resolver, args, io);
      const misplaced = CLIENT_OPTIONS.find((option) => args.has(option));
      if (misplaced !== undefined) throw new UsageError(`-${misplaced} is for the client`);
      return serve(network, random, args, io);
    },
  });
}

function readTest(args: Arguments): WantedTest {
  const udp = args.has('u');
  const foreign = TCP_OPTIONS.find((option) => udp && args.has(option));
  if (foreign !== undefined) throw new UsageError(`-${foreign} is for TCP`);
  if (!udp && args.has('b')) throw new UsageError('-b is for UDP (-u)');
  const bytes = amount(args, 'n', 1, Number.MAX_SAFE_INTEGER);
  const seconds = args.seconds('t', 0);
  if (bytes !== undefined && seconds !== undefined) throw new UsageError('either -t or -n, not both');
  if (seconds !== undefined && seconds > MAX_SECONDS) throw new UsageError(`-t: at most ${MAX_SECONDS} seconds`);
  const congestionControl = CONGESTION_CONTROLS.find((name) => name === args.value('C'));
  if (args.has('C') && congestionControl === undefined) {
    throw new UsageError(`-C: there is no '${args.value('C')}'; there are ${CONGESTION_CONTROLS.join(' and ')}`);
  }
  return {
    streams: args.integer('P', 1, MAX_STREAMS) ?? 1,
    reverse: args.has('R'),
    blockBytes: udp ? amount(args, 'l', MIN_DATAGRAM_BYTES, MAX_DATAGRAM_BYTES) : amount(args, 'l', 1, MAX_BLOCK_BYTES),
    ...(udp && { udp: { bitsPerSecond: rate(args) ?? DEFAULT_RATE } }),
    ...(args.has('w') && { bufferBytes: amount(args, 'w', MIN_BUFFER_BYTES, MAX_BUFFER_BYTES) }),
    // 0 is no time at all, and so means for ever.
    ...(bytes === undefined && seconds !== 0 && { seconds: seconds ?? DEFAULT_SECONDS }),
    ...(bytes !== undefined && { bytes }),
    ...(congestionControl !== undefined && { congestionControl }),
  };
}

function amount(args: Arguments, option: string, minimum: number, maximum: number): number | undefined {
  const text = args.value(option);
  if (text === undefined) return undefined;
  const bytes = parseAmount(text);
  if (bytes !== undefined && bytes >= minimum && bytes <= maximum) return bytes;
  throw new UsageError(`-${option}: '${text}' is not a number of bytes from ${minimum} to ${maximum}, such as 64K`);
}

function rate(args: Arguments): number | undefined {
  const text = args.value('b');
  if (text === undefined) return undefined;
  const bitsPerSecond = parseRate(text);
  if (bitsPerSecond !== undefined && bitsPerSecond >= MIN_RATE && bitsPerSecond <= MAX_RATE) return bitsPerSecond;
  throw new UsageError(`-b: '${text}' is not a number of bits a second from 1K to 100G, such as 5M`);
}

function readInterval(args: Arguments): number {
  const seconds = args.seconds('i', 0) ?? DEFAULT_INTERVAL_SECONDS;
  if (seconds > 0 && seconds < 0.1) throw new UsageError('-i: at least 0.1 seconds, or 0 for none');
  return seconds * 1000;
}

async function measure(network: Network, resolver: Resolver, args: Arguments, io: CommandIo): Promise<number> {
  const test = readTest(args);
  const intervalMs = readInterval(args);
  const port = args.integer('p', 1, 65535) ?? IPERF_PORT;
  const host = args.value('c') ?? '';
  const json = args.has('J') ? new JsonReport() : undefined;
  const observer = json ?? new TextReport(io.stdout);
  let problem: string | undefined;
  try {
    const address = await addressOf(resolver, host);
    if (typeof address === 'string') throw new IperfError(`unable to connect to server: ${address}`);
    if (json === undefined) io.stdout(`Connecting to host ${host}, port ${port}\n`);
    await runClient(network, { address: formatIpv4(address), port }, test, {
      intervalMs,
      observer,
      signal: io.signal,
    });
  } catch (error) {
    if (!(error instanceof IperfError)) throw error;
    problem = problemOf(error);
  }
  if (io.signal.aborted) problem ??= 'interrupt - the client has terminated';
  if (json !== undefined) io.stdout(`${JSON.stringify(json.document(problem), undefined, 2)}\n`);
  else if (problem === undefined) io.stdout('\niperf Done.\n');
  if (io.signal.aborted) {
    if (json === undefined) io.stderr(`iperf: ${problem}\n`);
    return INTERRUPTED_STATUS;
  }
  if (problem === undefined) return 0;
  if (json === undefined) throw new CommandFailure(`error - ${problem}`);
  return 1;
}

async function serve(network: Network, random: Random, args: Arguments, io: CommandIo): Promise<number> {
  const port = args.integer('p', 1, 65535) ?? IPERF_PORT;
  const json = args.has('J');
  const intervalMs = readInterval(args);
  const banner = `${LINE}Server listening on ${port}\n${LINE}`;
  const announce = () => {
    if (!json) io.stdout(banner);
  };
  let end = (_failure?: SocketError): void => {};
  const ended = new Promise<SocketError | undefined>((resolve) => {
    end = resolve;
  });
  const server = new IperfServer(network, {
    port,
    random,
    intervalMs,
    observe: (client) => (json ? new JsonTold(io) : new TextTold(io, client)),
    onListening: announce,
    onError: (error) => end(error),
    onTestOver: () => (args.has('1') ? end() : announce()),
  });
  server.start();
  const interrupt = () => end();
  io.signal.addEventListener('abort', interrupt, { once: true });
  if (io.signal.aborted) interrupt();
  const failure = await ended;
  io.signal.removeEventListener('abort', interrupt);
  await server.stop();
  if (failure !== undefined) throw new CommandFailure(`error - unable to start listener: ${problemText(failure)}`);
  return io.signal.aborted ? INTERRUPTED_STATUS : 0;
}

/** A server's test as text. */
class TextTold extends TextReport implements ServerObserver {
  private readonly io: CommandIo;

  constructor(io: CommandIo, client: { readonly address: string; readonly port: number }) {
    super(io.stdout);
    this.io = io;
    io.stdout(`Accepted connection from ${client.address}, port ${client.port}\n`);
  }

  onFailure(error: IperfError): void {
    this.io.stderr(`iperf: error - ${problemOf(error)}\n`);
  }
}

/** A server's test as a JSON document at its end. */
class JsonTold extends JsonReport implements ServerObserver {
  private readonly io: CommandIo;

  constructor(io: CommandIo) {
    super();
    this.io = io;
  }

  override onEnd(outcome: Parameters<JsonReport['onEnd']>[0]): void {
    super.onEnd(outcome);
    this.tell();
  }

  onFailure(error: IperfError): void {
    this.tell(problemOf(error));
  }

  private tell(problem?: string): void {
    this.io.stdout(`${JSON.stringify(this.document(problem), undefined, 2)}\n`);
  }
}

function problemOf({ message, cause }: IperfError): string {
  return cause instanceof Error ? `${message}: ${problemText(cause as SocketError)}` : message;
}
