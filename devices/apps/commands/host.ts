/** `host`: a name's records, or an address's name, one sentence each, as BIND's host 9.18 words them. */
import type { DnsAsk, DnsReply } from '../../net/dns-exchange.js';
import type { Network } from '../../net/network.js';
import { type Resolver, reverseName } from '../../net/resolver.js';
import type { Random } from '../../stack/random.js';
import { DNS_PORT, type DnsMessage, RCODE_NOERROR, RCODE_NXDOMAIN, rcodeName } from '../../stack/wire/dns.js';
import { nameFromText } from '../../stack/wire/dns-name.js';
import { absolute, formatRecordData, type ResourceRecord, typeFromText } from '../../stack/wire/dns-record.js';
import type { QuestionType } from '../../stack/wire/dns-type.js';
import { type ChosenServer, DnsClient } from '../dns/client.js';
import { formatMessage, SECTIONS } from '../dns/presentation.js';
import { type Arguments, parseArguments } from './arguments.js';
import { type Command, type CommandIo, INTERRUPTED_STATUS } from './command.js';
import { CommandFailure, defineCommand, UsageError } from './define.js';
import { problemOf } from './dns-problems.js';
import { listZone } from './host-zone.js';

/** What is asked about a name without `-t`. */
const DEFAULT_TYPES: readonly QuestionType[] = ['A', 'AAAA', 'MX'];
const WRONG_TYPE_STATUS = 2;

export function host(network: Network, resolver: Resolver, random: Random): Command {
  const client = new DnsClient(network, resolver, random, 'host');
  const ids = random.fork('host transfers');
  return defineCommand({
    name: 'host',
    summary: 'look up a name or an address',
    usage: 'host [-alrTv] [-t type] [-p port] [-W seconds] [-R retries] name|address [server]',
    async run(argv, io) {
      const wanted = readWanted(parseArguments(argv, 'alrTv4t:p:W:R:'), resolver);
      const servers = await client.servers(wanted.server);
      if (wanted.server !== undefined && servers.length === 0) {
        throw new CommandFailure(`couldn't get address for '${wanted.server}': not found`);
      }
      const run = new HostRun(client, wanted, servers, io);
      if (!wanted.list) return run.lookUp();
      const listed = await listZone(network, ids, wanted, servers[0], io, run);
      return listed ? 0 : 1;
    },
  });
}

/** What the arguments ask for. */
export interface Wanted {
  /** As the user wrote it, or its name under in-addr.arpa. */
  readonly shownName: string;
  /** Names that are asked about, until one exists. */
  readonly candidates: readonly string[];
  readonly server: string | undefined;
  /** By `-t`. */
  readonly type: QuestionType | undefined;
  readonly types: readonly QuestionType[];
  readonly port: number;
  readonly tries: number;
  readonly verbose: boolean;
  readonly list: boolean;
  readonly question: Pick<DnsAsk, 'recursionDesired' | 'timeoutMs' | 'transport'>;
}

/** Throws UsageError, and CommandFailure for what is no name. */
function readWanted(args: Arguments, resolver: Resolver): Wanted {
  const [name, server] = args.operands;
  if (name === undefined || args.operands.length > 2) throw new UsageError('a name, and perhaps a server');
  const typed = args.value('t') ?? (args.has('a') ? 'ANY' : undefined);
  const type = typed === undefined ? undefined : typeFromText(typed);
  if (typed !== undefined && type === undefined) {
    throw new CommandFailure(`invalid type: ${typed}\n`, WRONG_TYPE_STATUS);
  }
  const reversed = reverseName(name);
  const candidates = reversed === undefined ? resolver.candidates(name) : [reversed];
  if (candidates.length === 0) {
    const reason = nameFromText(name.replace(/\.+/g, '.')) === undefined ? '' : ' (empty label)';
    throw new CommandFailure(`'${name}' is not a legal name${reason}`);
  }
  return {
    shownName: reversed === undefined ? name : absolute(reversed),
    candidates,
    server,
    type,
    types: type !== undefined ? [type] : reversed !== undefined ? ['PTR'] : DEFAULT_TYPES,
    port: args.integer('p', 1, 65535) ?? DNS_PORT,
    tries: 1 + (args.integer('R', 0, 100) ?? 1),
    verbose: args.has('v') || args.has('a'),
    list: args.has('l'),
    question: {
      recursionDesired: !args.has('r'),
      timeoutMs: 1000 * (args.integer('W', 1, 300) ?? 5),
      transport: args.has('T') || args.has('l') ? 'tcp' : 'udp',
    },
  };
}

class HostRun {
  private readonly client: DnsClient;
  private readonly wanted: Wanted;
  private readonly servers: readonly ChosenServer[];
  private readonly io: CommandIo;
  /** The server that was named, told with the first answer. */
  private heading: string;

  constructor(client: DnsClient, wanted: Wanted, servers: readonly ChosenServer[], io: CommandIo) {
    this.client = client;
    this.wanted = wanted;
    this.servers = servers;
    this.io = io;
    const addresses = servers.map(({ address }) => `Address: ${address}#${wanted.port}\n`).join('');
    this.heading =
      wanted.server === undefined ? '' : `Using domain server:\nName: ${wanted.server}\n${addresses}Aliases: \n\n`;
  }

  /** Asks about the first candidate that exists, and prints all that is wanted of it. */
  async lookUp(): Promise<number> {
    const { shownName, candidates, types } = this.wanted;
    const [first, ...others] = types;
    let missing = '';
    for (const candidate of candidates) {
      const reply = await this.ask(candidate, first);
      if (reply === undefined) return this.io.signal.aborted ? INTERRUPTED_STATUS : 1;
      const { message } = reply;
      missing = `Host ${shownName} not found: ${message.rcode}(${rcodeName(message.rcode)})\n${this.received(reply)}`;
      if (message.rcode === RCODE_NXDOMAIN) continue;
      if (message.rcode !== RCODE_NOERROR) break;
      this.showAnswers(reply, candidate, this.wanted.type);
      // An alias was told already; its target is asked for the rest.
      const alias = message.answers.findLast((record) => record.type === 'CNAME');
      for (const other of others) {
        const more = await this.ask(alias?.type === 'CNAME' ? alias.target : candidate, other);
        if (more !== undefined) this.showAnswers(more, candidate, undefined);
      }
      return 0;
    }
    this.print(missing);
    return 1;
  }

  records(records: readonly ResourceRecord[]): void {
    this.print(records.map(formatSentence).join(''));
  }

  refusal({ rcode }: DnsMessage): void {
    this.print(`Host ${this.wanted.shownName} not found: ${rcode}(${rcodeName(rcode)})\n`);
  }

  /** An explicitly wanted type that is not there is told; one of several is not. */
  private showAnswers(reply: DnsReply, name: string, wanted: QuestionType | undefined): void {
    const { message } = reply;
    if (this.wanted.verbose) this.print(`${formatWhole(message)}${this.received(reply)}`);
    else if (message.answers.length > 0) this.records(message.answers);
    else if (wanted !== undefined) this.print(`${name} has no ${wanted} record\n`);
  }

  private async ask(name: string, type: QuestionType): Promise<DnsReply | undefined> {
    const { wanted, io } = this;
    if (wanted.verbose) io.stdout(`Trying "${name}"\n`);
    const ask = { ...wanted.question, name, type, port: wanted.port, signal: io.signal };
    const answered = await this.client.ask(this.servers, ask, wanted.tries, ({ address }, code) => {
      io.stdout(`;; communications error to ${address}#${wanted.port}: ${problemOf(code)}\n`);
    });
    if (answered === undefined && !io.signal.aborted) io.stdout(';; no servers could be reached\n');
    return answered?.reply;
  }

  private received({ bytes, server, port, ms }: DnsReply): string {
    return this.wanted.verbose ? `Received ${bytes} bytes from ${server}#${port} in ${Math.round(ms)} ms\n` : '';
  }

  private print(text: string): void {
    this.io.stdout(`${this.heading}${text}`);
    this.heading = '';
  }
}

function formatWhole(message: DnsMessage): string {
  const columns = { ttl: true, class: true, ttlUnits: false, multiline: false };
  return formatMessage(message, { ...columns, comments: true, sections: new Set(SECTIONS) });
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
