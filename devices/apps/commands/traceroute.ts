/** `traceroute`: probes with a rising TTL, and the routers that say where each one ended. */
import type { Network } from '../../net/network.js';
import type { Resolver } from '../../net/resolver.js';
import { formatIpv4, isLoopback, parseIpv4 } from '../../stack/wire/address.js';
import { parseArguments } from './arguments.js';
import type { Command, CommandIo } from './command.js';
import { CommandFailure, defineCommand, UsageError } from './define.js';
import { tracerouteMark } from './icmp-text.js';
import { addressOf, hostNameOf } from './names.js';
import { IcmpProber, type ProbeAnswer, type Prober, UdpProber } from './traceroute-probe.js';

/** Linux's traceroute has that many probes under way at once. */
const SIMULTANEOUS = 16;
const DEFAULT_WAIT_SECONDS = 5;
const DEFAULT_PACKET_BYTES = 60;

interface TracerouteSettings {
  readonly numeric: boolean;
  readonly firstHop: number;
  readonly maxHops: number;
  readonly queries: number;
  readonly waitMs: number;
}

export function traceroute(network: Network, resolver: Resolver): Command {
  return defineCommand({
    name: 'traceroute',
    summary: 'show the routers on the way to a host',
    usage: 'traceroute [-In] [-f first_ttl] [-m max_ttl] [-q nqueries] [-w waittime] [-p port] host [packetlen]',
    async run(argv, io) {
      const args = parseArguments(argv, 'I4nUf:m:q:w:p:', {
        icmp: 'I',
        'max-hops': 'm',
        queries: 'q',
        wait: 'w',
        udp: 'U',
      });
      const [host, length] = args.operands;
      if (host === undefined) throw new UsageError('Specify "host" missing argument.');
      const packetBytes = length === undefined ? DEFAULT_PACKET_BYTES : packetLength(length);
      const settings = {
        numeric: args.has('n'),
        firstHop: args.integer('f', 1, 255) ?? 1,
        maxHops: args.integer('m', 1, 255) ?? 30,
        queries: args.integer('q', 1, 10) ?? 3,
        waitMs: (args.seconds('w', 0.01) ?? DEFAULT_WAIT_SECONDS) * 1000,
      };
      const address = await addressOf(resolver, host);
      if (typeof address === 'string') throw new CommandFailure(`${host}: ${address}`, 2);
      if (!isLoopback(address) && network.stack.ipv4.sourceFor(address) === undefined) {
        throw new CommandFailure('connect: Network is unreachable');
      }
      const text = formatIpv4(address);
      io.stdout(`traceroute to ${host} (${text}), ${settings.maxHops} hops max, ${packetBytes} byte packets\n`);
      const port = args.integer('p', 1, 65000);
      const prober = args.has('I')
        ? new IcmpProber(network, text, packetBytes)
        : new UdpProber(network, text, packetBytes, port);
      const trace = new Trace({ network, resolver, settings, io, prober });
      try {
        return await trace.run();
      } finally {
        prober.close();
      }
    },
  });
}

function packetLength(text: string): number {
  const bytes = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (bytes >= 28 && bytes <= 65000) return bytes;
  throw new UsageError(`bad packet length '${text}'`);
}

interface TraceContext {
  readonly network: Network;
  readonly resolver: Resolver;
  readonly settings: TracerouteSettings;
  readonly io: CommandIo;
  readonly prober: Prober;
}

/** One run: up to 16 probes on their way, lines printed in order as soon as they are whole. */
class Trace {
  private readonly context: TraceContext;
  /** By number of the probe; undefined while it is on its way, 'lost' when nothing came back. */
  private readonly answers: (ProbeAnswer | 'lost' | undefined)[] = [];
  private sent = 0;
  /** Probes beyond are not needed: the host has been reached. */
  private limit: number;
  private wake: () => void = () => {};

  constructor(context: TraceContext) {
    const { firstHop, maxHops, queries } = context.settings;
    this.context = context;
    this.limit = Math.max(0, maxHops - firstHop + 1) * queries;
  }

  async run(): Promise<number> {
    const { settings, io, prober } = this.context;
    prober.onAnswer = (probe, answer) => this.settle(probe, answer);
    const interrupt = (): void => this.wake();
    io.signal.addEventListener('abort', interrupt, { once: true });
    for (let first = 0; first < this.limit && !io.signal.aborted; first += settings.queries) {
      const ttl = settings.firstHop + first / settings.queries;
      await this.printLine(ttl, first);
    }
    io.signal.removeEventListener('abort', interrupt);
    return io.signal.aborted ? 1 : 0;
  }

  private async printLine(ttl: number, first: number): Promise<void> {
    const { settings, io } = this.context;
    io.stdout(String(ttl).padStart(2));
    let shown: string | undefined;
    for (let probe = first; probe < first + settings.queries; probe++) {
      const answer = await this.answerOf(probe);
      if (io.signal.aborted) break;
      if (answer === 'lost') {
        io.stdout(' *');
        continue;
      }
      const who = answer.from === shown ? '' : `  ${await this.describe(answer.from)}`;
      shown = answer.from;
      const mark = answer.kind === 'error' ? tracerouteMark(answer.type, answer.code) : '';
      io.stdout(`${who}  ${answer.roundTripMs.toFixed(3)} ms${mark === '' ? '' : ` ${mark}`}`);
    }
    io.stdout('\n');
  }

  private async describe(address: string): Promise<string> {
    const { network, resolver, settings } = this.context;
    if (settings.numeric) return address;
    return `${(await hostNameOf(network, resolver, parseIpv4(address) ?? 0)) ?? address} (${address})`;
  }

  /** Waits until that probe has been answered or given up, while others are on their way. */
  private async answerOf(probe: number): Promise<ProbeAnswer | 'lost'> {
    for (;;) {
      this.sendMore();
      const answer = this.answers[probe];
      if (answer !== undefined) return answer;
      if (this.context.io.signal.aborted) return 'lost';
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  private sendMore(): void {
    const { settings, prober, network } = this.context;
    const underWay = (): number => {
      let count = 0;
      for (let probe = 0; probe < this.sent; probe++) if (this.answers[probe] === undefined) count += 1;
      return count;
    };
    while (this.sent < this.limit && underWay() < SIMULTANEOUS && !this.context.io.signal.aborted) {
      const probe = this.sent;
      this.sent += 1;
      prober.send(probe, settings.firstHop + Math.floor(probe / settings.queries));
      network.after(settings.waitMs, () => this.settle(probe, 'lost'));
    }
  }

  private settle(probe: number, answer: ProbeAnswer | 'lost'): void {
    if (this.answers[probe] !== undefined) return;
    this.answers[probe] = answer;
    // The host itself has answered, or nobody can bring a packet any further: this line is the last one.
    if (answer !== 'lost' && answer.final) {
      const { queries } = this.context.settings;
      this.limit = Math.min(this.limit, (Math.floor(probe / queries) + 1) * queries);
    }
    this.wake();
  }
}
