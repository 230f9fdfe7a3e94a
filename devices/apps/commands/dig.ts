/** `dig`: asks a name server and shows its whole answer. */
import type { DnsAsk } from '../../net/dns-exchange.js';
import type { Network } from '../../net/network.js';
import type { Resolver } from '../../net/resolver.js';
import type { Random } from '../../stack/random.js';
import { formatIpv4 } from '../../stack/wire/address.js';
import { type DnsMessage, isReferral } from '../../stack/wire/dns.js';
import { ROOT_NAME, sameName } from '../../stack/wire/dns-name.js';
import { formatRecordData } from '../../stack/wire/dns-record.js';
import { type ChosenServer, DnsClient } from '../dns/client.js';
import { referredZone } from '../dns/delegation.js';
import { endpoint, formatHeader, formatRecord, formatSections, formatStatistics } from '../dns/presentation.js';
import { type Command, type CommandIo, INTERRUPTED_STATUS } from './command.js';
import { CommandFailure, defineCommand } from './define.js';
import { type DigArguments, parseDigArguments } from './dig-arguments.js';

/** dig's own status for "no reply from server". */
const NO_REPLY_STATUS = 9;
/** Referrals that `+trace` follows. */
const MAX_TRACE_STEPS = 24;

export function dig(network: Network, resolver: Resolver, random: Random): Command {
  const client = new DnsClient(network, resolver, random, 'dig');
  return defineCommand({
    name: 'dig',
    summary: 'ask a name server and show its answer',
    usage:
      'dig [@server] [-x address] [-t type] [-p port] [name] [type] ' +
      '[+short] [+norecurse] [+tcp] [+trace] [+time=s] [+tries=n]',
    async run(argv, io) {
      const parsed = parseDigArguments(argv);
      const name = (parsed.search ? resolver.candidates(parsed.name)[0] : undefined) ?? parsed.name;
      const run = new DigRun(network, client, { ...parsed, name }, io);
      if (parsed.shown.has('cmd') && !parsed.short) {
        io.stdout(`\n; <<>> DiG (netarium) <<>> ${argv.join(' ')}\n;; global options: +cmd\n`);
      }
      const servers = await client.servers(parsed.server);
      if (servers.length === 0) {
        if (parsed.server !== undefined) throw new CommandFailure(`couldn't get address for '${parsed.server}'`);
        io.stdout(';; no name server is configured on this machine\n');
        return NO_REPLY_STATUS;
      }
      return parsed.trace ? run.trace(servers) : run.query(servers);
    },
  });
}

/** One call of dig. */
class DigRun {
  private readonly network: Network;
  private readonly client: DnsClient;
  private readonly parsed: DigArguments;
  private readonly io: CommandIo;

  constructor(network: Network, client: DnsClient, parsed: DigArguments, io: CommandIo) {
    this.network = network;
    this.client = client;
    this.parsed = parsed;
    this.io = io;
  }

  async query(servers: readonly ChosenServer[]): Promise<number> {
    const { parsed, io } = this;
    const answered = await this.ask(servers, this.questionFor(parsed.name, parsed.type, parsed.recursionDesired));
    if (answered === undefined) return this.noReply();
    const { reply, server } = answered;
    const { message } = reply;
    if (parsed.short) {
      for (const record of message.answers) io.stdout(`${formatRecordData(record)}\n`);
      return 0;
    }
    if (reply.retriedOverTcp) io.stdout(';; Truncated, retrying in TCP mode.\n');
    if (parsed.shown.has('comments')) io.stdout(`;; Got answer:\n${formatHeader(message)}`);
    io.stdout(formatSections(message, parsed.shown));
    if (parsed.shown.has('stats')) io.stdout(formatStatistics(reply, server, this.network.wallClock()));
    return 0;
  }

  /** The way from the root down, each answer shown: first who the root's servers are, then by referrals. */
  async trace(start: readonly ChosenServer[]): Promise<number> {
    const { name, type } = this.parsed;
    let servers: readonly ChosenServer[] = start;
    let ask = this.questionFor(ROOT_NAME, 'NS', true);
    let zone: string | undefined;
    for (let step = 0; step < MAX_TRACE_STEPS; step++) {
      const answered = await this.ask(servers, ask);
      if (answered === undefined) return this.noReply();
      const { message } = answered.reply;
      const shown = message.answers.length > 0 ? message.answers : message.authorities;
      for (const record of shown) this.io.stdout(formatRecord(record));
      this.io.stdout(
        `;; Received ${answered.reply.bytes} bytes from ${endpoint(answered.reply, answered.server)} ` +
          `in ${Math.round(answered.reply.ms)} ms\n\n`,
      );
      const next = zone === undefined ? ROOT_NAME : referredZone(message, zone, name);
      if (next === undefined) {
        if (isReferral(message)) this.io.stdout(`;; BAD (HORIZONTAL) REFERRAL\n`);
        return 0;
      }
      zone = next;
      servers = await this.serversNamed(message, zone);
      if (servers.length === 0) {
        this.io.stdout(`;; no address of a name server of ${zone} is known\n`);
        return NO_REPLY_STATUS;
      }
      ask = { ...this.questionFor(name, type, false), zone };
    }
    return NO_REPLY_STATUS;
  }

  /** The servers of a zone that a message names: by its glue, or looked up. */
  private async serversNamed(message: DnsMessage, zone: string): Promise<ChosenServer[]> {
    const names = [...message.answers, ...message.authorities].flatMap((record) =>
      record.type === 'NS' && sameName(record.name, zone) ? [record.target] : [],
    );
    const known = names.flatMap((name) =>
      message.additionals.flatMap((record) =>
        record.type === 'A' && sameName(record.name, name) ? [{ name, address: formatIpv4(record.address) }] : [],
      ),
    );
    if (known.length > 0) return known;
    for (const name of names) {
      const found = await this.client.servers(name);
      if (found.length > 0) return found;
    }
    return [];
  }

  private questionFor(name: string, type: DnsAsk['type'], recursionDesired: boolean): DnsAsk {
    const { parsed } = this;
    return {
      name,
      type,
      class: parsed.class,
      recursionDesired,
      timeoutMs: parsed.timeoutMs,
      port: parsed.port,
      transport: parsed.tcp ? 'tcp' : 'udp',
      ignoreTruncation: parsed.ignoreTruncation,
      signal: this.io.signal,
    };
  }

  private ask(servers: readonly ChosenServer[], ask: DnsAsk) {
    return this.client.ask(servers, ask, this.parsed.tries, (server, code) => {
      this.io.stdout(`;; communications error to ${server.address}#${this.parsed.port}: ${problem(code)}\n`);
    });
  }

  private noReply(): number {
    if (this.io.signal.aborted) return INTERRUPTED_STATUS;
    this.io.stdout(';; no servers could be reached\n');
    return NO_REPLY_STATUS;
  }
}

const PROBLEMS: ReadonlyMap<string, string> = new Map([
  ['ETIMEOUT', 'timed out'],
  ['ETIMEDOUT', 'timed out'],
  ['ECONNREFUSED', 'connection refused'],
  ['ECONNRESET', 'end of file'],
  ['EHOSTUNREACH', 'host unreachable'],
  ['ENETUNREACH', 'network unreachable'],
]);

function problem(code: string): string {
  return PROBLEMS.get(code) ?? code;
}
