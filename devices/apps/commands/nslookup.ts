/** `nslookup` as BIND 9.18 has it, without its dialogue. */
import type { DnsAsk, DnsReply } from '../../net/dns-exchange.js';
import type { Network } from '../../net/network.js';
import { type Resolver, reverseName } from '../../net/resolver.js';
import type { Random } from '../../stack/random.js';
import { DNS_PORT, RCODE_NOERROR, RCODE_NXDOMAIN, RCODE_SERVFAIL, rcodeName } from '../../stack/wire/dns.js';
import { absolute, formatRecordData, type ResourceRecord, typeFromText } from '../../stack/wire/dns-record.js';
import { type QuestionType, typeNumber } from '../../stack/wire/dns-type.js';
import { type ChosenServer, DnsClient } from '../dns/client.js';
import { type Command, type CommandIo, INTERRUPTED_STATUS } from './command.js';
import { CommandFailure, defineCommand, UsageError } from './define.js';
import { problemOf } from './dns-problems.js';

export function nslookup(network: Network, resolver: Resolver, random: Random): Command {
  const client = new DnsClient(network, resolver, random, 'nslookup');
  return defineCommand({
    name: 'nslookup',
    summary: 'look up a name, an address or a record',
    usage: 'nslookup [-type=type] [-port=port] [-timeout=seconds] [-retry=n] [-vc] [-norecurse] name|address [server]',
    async run(argv, io) {
      const wanted = parse(argv);
      const servers = await client.servers(wanted.server);
      if (wanted.server !== undefined && servers.length === 0) {
        throw new CommandFailure(`couldn't get address for '${wanted.server}': not found`);
      }
      for (const warning of wanted.warnings) io.stdout(`${warning}\n`);
      return new Run(client, servers, wanted, io).run(resolver);
    },
  });
}

interface Wanted {
  readonly name: string;
  readonly server: string | undefined;
  /** Without one, addresses of both kinds; or the name of an address. */
  readonly type: QuestionType | undefined;
  readonly tries: number;
  readonly question: Pick<DnsAsk, 'port' | 'timeoutMs' | 'transport' | 'recursionDesired'>;
  readonly warnings: readonly string[];
}

function parse(argv: readonly string[]): Wanted {
  const operands: string[] = [];
  const warnings: string[] = [];
  let type: QuestionType | undefined;
  let question: Wanted['question'] = { port: DNS_PORT, timeoutMs: 5000, transport: 'udp', recursionDesired: true };
  let tries = 3;
  for (const word of argv) {
    const [option, value = ''] = word.split('=', 2);
    if (!word.startsWith('-')) operands.push(word);
    else if (/^-(ty(pe)?|q(uery(type)?)?)$/.test(option)) {
      type = typeFromText(value);
      if (type === undefined) warnings.push(`unknown query type: ${value}`);
    } else if (option === '-port') question = { ...question, port: integer(option, value, 65535) };
    else if (option === '-timeout') question = { ...question, timeoutMs: 1000 * integer(option, value, 300) };
    else if (option === '-retry') tries = integer(option, value, 100);
    else if (/^-(no)?vc$/.test(option)) question = { ...question, transport: option === '-vc' ? 'tcp' : 'udp' };
    else if (/^-(no)?rec(urse)?$/.test(option)) question = { ...question, recursionDesired: !option.startsWith('-no') };
    else throw new UsageError(`*** Invalid option: ${word.slice(1)}`);
  }
  const [name, server] = operands;
  if (name === undefined || operands.length > 2) throw new UsageError('a name, and perhaps a server');
  return { name, server, type, tries, question, warnings };
}

function integer(option: string, value: string, most: number): number {
  const number = /^\d+$/.test(value) ? Number(value) : 0;
  if (number < 1 || number > most) throw new UsageError(`${option} takes a number 1 … ${most}`);
  return number;
}

class Run {
  private readonly client: DnsClient;
  private readonly servers: readonly ChosenServer[];
  private readonly wanted: Wanted;
  private readonly io: CommandIo;

  constructor(client: DnsClient, servers: readonly ChosenServer[], wanted: Wanted, io: CommandIo) {
    this.client = client;
    this.servers = servers;
    this.wanted = wanted;
    this.io = io;
  }

  /** Asks about the first name that exists. */
  async run(resolver: Resolver): Promise<number> {
    const { name, type } = this.wanted;
    const reversed = reverseName(name);
    const candidates = reversed === undefined ? resolver.candidates(name) : [reversed];
    if (candidates.length === 0) throw new CommandFailure(`'${name}' is not a legal name`);
    for (const candidate of candidates) {
      const answered = await this.ask(candidate, type ?? (reversed === undefined ? 'A' : 'PTR'));
      if (answered === undefined) return this.io.signal.aborted ? INTERRUPTED_STATUS : 1;
      const isLast = candidate === candidates.at(-1);
      if (answered.reply.message.rcode === RCODE_NXDOMAIN && !isLast) continue;
      return this.show(candidate, answered.reply, answered.server, reversed !== undefined && type === undefined);
    }
    return 1;
  }

  /** `isReverse`: nobody has said which server or type; then the answer stands alone. */
  private async show(name: string, reply: DnsReply, server: ChosenServer, isReverse: boolean): Promise<number> {
    const { io, wanted } = this;
    const { message } = reply;
    if (message.rcode === RCODE_SERVFAIL) io.stdout(`;; Got SERVFAIL reply from ${reply.server}\n`);
    if (!isReverse) io.stdout(`Server:\t\t${server.name}\nAddress:\t${server.address}#${reply.port}\n\n`);
    if (message.rcode !== RCODE_NOERROR) {
      io.stdout(`** server can't find ${name}: ${rcodeName(message.rcode)}\n\n`);
      return 1;
    }
    if (!message.authoritative && !isReverse) io.stdout('Non-authoritative answer:\n');
    io.stdout(message.answers.map(formatAnswer).join(''));
    const others = wanted.type === undefined && !isReverse ? await this.otherAddresses(name, reply) : [];
    io.stdout(others.map(formatAnswer).join(''));
    if (message.answers.length + others.length === 0) io.stdout(`*** Can't find ${name}: No answer\n`);
    const type = message.questions[0]?.type;
    if (!message.authoritative && type !== 'A' && type !== 'AAAA') {
      io.stdout('\nAuthoritative answers can be found from:\n');
      io.stdout([...message.authorities, ...message.additionals].map(formatOther).join(''));
    }
    io.stdout('\n');
    return 0;
  }

  /** Those of IPv6, of the name that the aliases lead to. */
  private async otherAddresses(name: string, { message }: DnsReply): Promise<readonly ResourceRecord[]> {
    const alias = message.answers.findLast((record) => record.type === 'CNAME');
    const answered = await this.ask(alias?.type === 'CNAME' ? alias.target : name, 'AAAA');
    return answered?.reply.message.answers ?? [];
  }

  private async ask(name: string, type: QuestionType) {
    const { io, wanted } = this;
    const ask: DnsAsk = { ...wanted.question, name, type, signal: io.signal };
    const answered = await this.client.ask(this.servers, ask, wanted.tries, ({ address }, code) => {
      io.stdout(`;; communications error to ${address}#${wanted.question.port}: ${problemOf(code)}\n`);
    });
    if (answered === undefined && !io.signal.aborted) io.stdout(';; no servers could be reached\n\n');
    return answered;
  }
}

function formatAnswer(record: ResourceRecord): string {
  if (record.type !== 'A' && record.type !== 'AAAA') return formatOther(record);
  return `Name:\t${record.name}\nAddress: ${formatRecordData(record)}\n`;
}

function formatOther(record: ResourceRecord): string {
  const { name } = record;
  switch (record.type) {
    case 'A':
      return `${name}\tinternet address = ${formatRecordData(record)}\n`;
    case 'AAAA':
      return `${name}\thas AAAA address ${formatRecordData(record)}\n`;
    case 'CNAME':
      return `${name}\tcanonical name = ${absolute(record.target)}\n`;
    case 'NS':
      return `${name}\tnameserver = ${absolute(record.target)}\n`;
    case 'PTR':
      return `${name}\tname = ${absolute(record.target)}\n`;
    case 'MX':
      return `${name}\tmail exchanger = ${formatRecordData(record)}\n`;
    case 'TXT':
      return `${name}\ttext = ${formatRecordData(record)}\n`;
    case 'SRV':
      return `${name}\tservice = ${formatRecordData(record)}\n`;
    case 'HINFO':
      return `${name}\thinfo = ${formatRecordData(record)}\n`;
    case 'SOA':
      return (
        `${name}\n\torigin = ${record.mname}\n\tmail addr = ${record.rname}\n\tserial = ${record.serial}\n` +
        `\trefresh = ${record.refresh}\n\tretry = ${record.retry}\n\texpire = ${record.expire}\n` +
        `\tminimum = ${record.minimum}\n`
      );
    default:
      return `${name}\trdata_${typeNumber(record.type)} = ${formatRecordData(record)}\n`;
  }
}
