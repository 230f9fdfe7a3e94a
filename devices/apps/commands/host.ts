/** `host`: a name's records, or an address's name, one sentence each. */
import type { DnsAsk } from '../../net/dns-exchange.js';
import type { Network } from '../../net/network.js';
import { type Resolver, reverseName } from '../../net/resolver.js';
import type { Random } from '../../stack/random.js';
import { DNS_PORT, type DnsMessage, RCODE_NOERROR, RCODE_NXDOMAIN, rcodeName } from '../../stack/wire/dns.js';
import {
  absolute,
  formatRecordData,
  type QuestionType,
  type ResourceRecord,
  typeFromText,
} from '../../stack/wire/dns-record.js';
import { type ChosenServer, DnsClient } from '../dns/client.js';
import { type Arguments, parseArguments } from './arguments.js';
import { type Command, type CommandIo, INTERRUPTED_STATUS } from './command.js';
import { CommandFailure, defineCommand, UsageError } from './define.js';

/** What is asked about a name without `-t`. */
const DEFAULT_TYPES: readonly QuestionType[] = ['A', 'AAAA', 'MX'];

export function host(network: Network, resolver: Resolver, random: Random): Command {
  const client = new DnsClient(network, resolver, random, 'host');
  return defineCommand({
    name: 'host',
    summary: 'look up a name or an address',
    usage: 'host [-rT] [-t type] [-p port] [-W seconds] [-R tries] name|address [server]',
    async run(argv, io) {
      const args = parseArguments(argv, 'rT4t:p:W:R:');
      const wanted = readWanted(args, resolver);
      const [, server] = args.operands;
      const servers = await client.servers(server);
      if (server !== undefined) io.stdout(formatServer(server, servers, wanted.port));
      const ask = async (name: string, type: QuestionType): Promise<DnsMessage | undefined> =>
        (
          await client.ask(
            servers,
            { ...wanted.question, name, type, port: wanted.port, signal: io.signal },
            wanted.tries,
          )
        )?.reply.message;
      return lookUp(wanted, ask, io);
    },
  });
}

/** What the arguments ask for. */
interface Wanted {
  /** As the user wrote it, or its name under in-addr.arpa. */
  readonly shownName: string;
  /** Names that are asked about, until one exists. */
  readonly candidates: readonly string[];
  /** By `-t`. */
  readonly type: QuestionType | undefined;
  readonly types: readonly QuestionType[];
  readonly port: number;
  readonly tries: number;
  readonly question: Pick<DnsAsk, 'recursionDesired' | 'timeoutMs' | 'transport'>;
}

/** Throws UsageError, and CommandFailure for what is no name. */
function readWanted(args: Arguments, resolver: Resolver): Wanted {
  const [name] = args.operands;
  if (name === undefined || args.operands.length > 2) throw new UsageError('a name, and perhaps a server');
  const typed = args.value('t');
  const type = typed === undefined ? undefined : typeFromText(typed);
  if (typed !== undefined && type === undefined) throw new UsageError(`invalid type: ${typed}`);
  const reversed = reverseName(name);
  const candidates = reversed === undefined ? resolver.candidates(name) : [reversed];
  if (candidates.length === 0) throw new CommandFailure(`'${name}' is not a legal name`);
  return {
    shownName: reversed === undefined ? name : `${reversed}.`,
    candidates,
    type,
    types: type !== undefined ? [type] : reversed !== undefined ? ['PTR'] : DEFAULT_TYPES,
    port: args.integer('p', 1, 65535) ?? DNS_PORT,
    tries: args.integer('R', 1, 100) ?? 2,
    question: {
      recursionDesired: !args.has('r'),
      timeoutMs: 1000 * (args.integer('W', 1, 300) ?? 5),
      transport: args.has('T') ? 'tcp' : 'udp',
    },
  };
}

/** Throws CommandFailure when the server that was named has no address. */
function formatServer(server: string, servers: readonly ChosenServer[], port: number): string {
  if (servers.length === 0) throw new CommandFailure(`couldn't get address for '${server}': not found`);
  const addresses = servers.map(({ address }) => `Address: ${address}#${port}\n`);
  return `Using domain server:\nName: ${server}\n${addresses.join('')}Aliases: \n\n`;
}

type Ask = (name: string, type: QuestionType) => Promise<DnsMessage | undefined>;

/** Asks about the first candidate that exists, and prints all that is wanted of it. */
async function lookUp({ shownName, candidates, type, types }: Wanted, ask: Ask, io: CommandIo): Promise<number> {
  const [first, ...others] = types;
  let missing = '';
  for (const candidate of candidates) {
    const message = await ask(candidate, first);
    if (message === undefined) {
      if (io.signal.aborted) return INTERRUPTED_STATUS;
      io.stdout(';; connection timed out; no servers could be reached\n');
      return 1;
    }
    missing = `Host ${shownName} not found: ${message.rcode}(${rcodeName(message.rcode)})\n`;
    if (message.rcode === RCODE_NXDOMAIN) continue;
    if (message.rcode !== RCODE_NOERROR) break;
    io.stdout(formatAnswers(message, candidate, type));
    // An alias was told already; its target is asked for the rest.
    const target = message.answers.findLast((record) => record.type === 'CNAME');
    for (const other of others) {
      const more = await ask(candidate, other);
      const records = more?.answers.filter((record) => target === undefined || record.type !== 'CNAME');
      io.stdout((records ?? []).map(formatSentence).join(''));
    }
    return 0;
  }
  io.stdout(missing);
  return 1;
}

/** An explicitly wanted type that is not there is told; one of several is not. */
function formatAnswers(message: DnsMessage, name: string, wanted: QuestionType | undefined): string {
  if (message.answers.length > 0) return message.answers.map(formatSentence).join('');
  return wanted === undefined ? '' : `${name} has no ${wanted} record\n`;
}

function formatSentence(record: ResourceRecord): string {
  const { name } = record;
  const data = formatRecordData(record);
  switch (record.type) {
    case 'A':
      return `${name} has address ${data}\n`;
    case 'AAAA':
      return `${name} has IPv6 address ${data}\n`;
    case 'CNAME':
      return `${name} is an alias for ${absolute(record.target)}\n`;
    case 'NS':
      return `${name} name server ${data}\n`;
    case 'PTR':
      return `${name} domain name pointer ${data}\n`;
    case 'MX':
      return `${name} mail is handled by ${data}\n`;
    case 'TXT':
      return `${name} descriptive text ${data}\n`;
    case 'HINFO':
      return `${name} host information ${data}\n`;
    case 'SOA':
      return `${name} has SOA record ${data}\n`;
    default:
      return `${name} has ${record.type} record ${data}\n`;
  }
}
