/** `nslookup`, as it works without a dialogue. */
import type { DnsAsk } from '../../net/dns-exchange.js';
import type { Network } from '../../net/network.js';
import { type Resolver, reverseName } from '../../net/resolver.js';
import type { Random } from '../../stack/random.js';
import { DNS_PORT, type DnsMessage, RCODE_NOERROR, RCODE_NXDOMAIN, rcodeName } from '../../stack/wire/dns.js';
import { absolute, formatRecordData, type ResourceRecord, typeFromText } from '../../stack/wire/dns-record.js';
import { type ChosenServer, DnsClient } from '../dns/client.js';
import { type Command, INTERRUPTED_STATUS } from './command.js';
import { CommandFailure, defineCommand, UsageError } from './define.js';

export function nslookup(network: Network, resolver: Resolver, random: Random): Command {
  const client = new DnsClient(network, resolver, random, 'nslookup');
  return defineCommand({
    name: 'nslookup',
    summary: 'look up a name, an address or a record',
    usage: 'nslookup [-type=type] [-port=port] [-timeout=seconds] [-retry=n] name|address [server]',
    async run(argv, io) {
      const { name, server, ...options } = parse(argv);
      const servers = await client.servers(server);
      if (server !== undefined && servers.length === 0) {
        throw new CommandFailure(`couldn't get address for '${server}': not found`);
      }
      const reversed = reverseName(name);
      const type = options.type ?? (reversed === undefined ? 'A' : 'PTR');
      const candidates = reversed === undefined ? resolver.candidates(name) : [reversed];
      if (candidates.length === 0) throw new CommandFailure(`'${name}' is not a legal name`);
      for (const candidate of candidates) {
        const ask: DnsAsk = { ...options, name: candidate, type, recursionDesired: true, signal: io.signal };
        const answered = await client.ask(servers, ask, options.tries);
        if (answered === undefined) {
          if (io.signal.aborted) return INTERRUPTED_STATUS;
          io.stdout(';; connection timed out; no servers could be reached\n\n');
          return 1;
        }
        const { message } = answered.reply;
        if (message.rcode === RCODE_NXDOMAIN && candidate !== candidates.at(-1)) continue;
        io.stdout(formatServer(answered.server, options.port));
        io.stdout(formatAnswer(message, candidate));
        return message.rcode === RCODE_NOERROR ? 0 : 1;
      }
      return 1;
    },
  });
}

function parse(argv: readonly string[]) {
  const operands: string[] = [];
  let type: DnsAsk['type'] | undefined;
  let port = DNS_PORT;
  let timeoutMs = 5000;
  let tries = 2;
  for (const word of argv) {
    const [option, value] = word.split('=', 2);
    if (!word.startsWith('-')) operands.push(word);
    else if (['-type', '-querytype', '-q', '-ty'].includes(option)) {
      type = typeFromText(value ?? '');
      if (type === undefined) throw new UsageError(`unknown query type: ${value}`);
    } else if (option === '-port') port = integer(option, value, 65535);
    else if (option === '-timeout') timeoutMs = 1000 * integer(option, value, 300);
    else if (option === '-retry') tries = integer(option, value, 100);
    else throw new UsageError(`*** Invalid option: ${word.slice(1)}`);
  }
  const [name, server] = operands;
  if (name === undefined || operands.length > 2) throw new UsageError('a name, and perhaps a server');
  return { name, server, type, port, timeoutMs, tries };
}

function integer(option: string, value: string | undefined, most: number): number {
  const number = /^\d+$/.test(value ?? '') ? Number(value) : 0;
  if (number < 1 || number > most) throw new UsageError(`${option} takes a number 1 … ${most}`);
  return number;
}

function formatServer(server: ChosenServer, port: number): string {
  return `Server:\t\t${server.name}\nAddress:\t${server.address}#${port}\n\n`;
}

function formatAnswer(message: DnsMessage, name: string): string {
  if (message.rcode !== RCODE_NOERROR) return `** server can't find ${name}: ${rcodeName(message.rcode)}\n\n`;
  const heading = message.authoritative ? '' : 'Non-authoritative answer:\n';
  if (message.answers.length === 0) return `${heading}*** Can't find ${name}: No answer\n\n`;
  return `${heading}${message.answers.map(formatLine).join('')}\n`;
}

function formatLine(record: ResourceRecord): string {
  const { name } = record;
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return `Name:\t${name}\nAddress: ${formatRecordData(record)}\n`;
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
    case 'SOA':
      return (
        `${name}\n\torigin = ${record.mname}\n\tmail addr = ${record.rname}\n\tserial = ${record.serial}\n` +
        `\trefresh = ${record.refresh}\n\tretry = ${record.retry}\n\texpire = ${record.expire}\n` +
        `\tminimum = ${record.minimum}\n`
      );
    default:
      return `${name}\trdata_${record.type} = ${formatRecordData(record)}\n`;
  }
}
