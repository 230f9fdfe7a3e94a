/** `nc` of OpenBSD: standard input to a socket, and back. */
import type { Network } from '../../net/network.js';
import type { Resolver } from '../../net/resolver.js';
import { formatIpv4 } from '../../stack/wire/address.js';
import { type Arguments, parseArguments } from './arguments.js';
import type { Command, CommandIo } from './command.js';
import { CommandFailure, defineCommand, UsageError } from './define.js';
import { addressOf, servicePort } from './names.js';
import type { NcOptions, NcTarget } from './nc-options.js';
import { listenTcp, probeTcp, talkTcp } from './nc-tcp.js';
import { listenUdp, probeUdp, talkUdp } from './nc-udp.js';

const MAX_SCANNED_PORTS = 1024;

export function nc(network: Network, resolver: Resolver): Command {
  return defineCommand({
    name: 'nc',
    summary: 'talk to a TCP or UDP port, or listen on one (-l)',
    usage: 'nc [-Nnuvz] [-p source_port] [-q seconds] [-w timeout] host port[-port] | nc -l [-knuv] [-p] port',
    async run(argv, io) {
      const args = parseArguments(argv, 'lkuzvnN4p:w:q:s:');
      const options = readOptions(args);
      if (args.has('l')) {
        const port = listenPort(args);
        return args.has('u') ? listenUdp(network, port, options, io) : listenTcp(network, port, options, io);
      }
      const [host, ports] = args.operands;
      if (host === undefined || ports === undefined) throw new UsageError('host and port are needed');
      const address = await addressOf(resolver, host);
      if (typeof address === 'string')
        throw new CommandFailure(`getaddrinfo for host "${host}" port ${ports}: ${address}`);
      const targets = portRange(ports).map((port) => ({ host, address: formatIpv4(address), port }));
      return args.has('z') ? scan(network, targets, options, io) : talk(network, targets[0], options, io);
    },
  });
}

function readOptions(args: Arguments): NcOptions {
  const quit = args.value('q');
  return {
    udp: args.has('u'),
    verbose: args.has('v'),
    keepListening: args.has('k'),
    shutdownAtEnd: args.has('N'),
    timeoutMs: args.seconds('w', 0.001) === undefined ? undefined : (args.seconds('w', 0.001) ?? 0) * 1000,
    // Negative: for ever, as without -q.
    quitMs: quit === undefined || quit.startsWith('-') ? undefined : (args.seconds('q', 0) ?? 0) * 1000,
    sourcePort: args.has('l') ? undefined : args.integer('p', 1, 65535),
  };
}

/** `nc -l 80`, `nc -l -p 80`, `nc -l 0.0.0.0 80`. */
function listenPort(args: Arguments): number {
  const text = args.value('p') ?? args.operands.at(-1);
  if (text === undefined) throw new UsageError('port is needed');
  const port = servicePort(text);
  if (port === undefined) throw new CommandFailure(`port number invalid: ${text}`);
  return port;
}

function portRange(text: string): number[] {
  const single = servicePort(text);
  if (single !== undefined) return [single];
  const [from, to] = text.split('-').map((part) => servicePort(part));
  if (from === undefined || to === undefined || to < from) throw new CommandFailure(`port number invalid: ${text}`);
  if (to - from >= MAX_SCANNED_PORTS) throw new CommandFailure(`at most ${MAX_SCANNED_PORTS} ports at once`);
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** `-z`: 0 when at least one port answered. */
async function scan(
  network: Network,
  targets: readonly NcTarget[],
  options: NcOptions,
  io: CommandIo,
): Promise<number> {
  let open = 0;
  for (const target of targets) {
    if (io.signal.aborted) break;
    const probe = options.udp ? probeUdp : probeTcp;
    if (await probe(network, target, options, io)) open += 1;
  }
  return open > 0 ? 0 : 1;
}

function talk(network: Network, target: NcTarget, options: NcOptions, io: CommandIo): Promise<number> {
  return options.udp ? talkUdp(network, target, options, io) : talkTcp(network, target, options, io);
}
