/** `dig`: asks name servers, and shows their whole answers as BIND's dig 9.18 does. */
import type { DnsAsk, DnsReply } from '../../net/dns-exchange.js';
import type { Network } from '../../net/network.js';
import type { Resolver } from '../../net/resolver.js';
import type { Random } from '../../stack/random.js';
import { dnsQuery, RCODE_BADVERS } from '../../stack/wire/dns.js';
import { nameFromText, ROOT_NAME } from '../../stack/wire/dns-name.js';
import { CLASS_IN, type QuestionType, type ResourceRecord } from '../../stack/wire/dns-record.js';
import { EDNS_VERSION, type Edns, type EdnsOption, edns } from '../../stack/wire/edns.js';
import { type ChosenServer, DnsClient } from '../dns/client.js';
import { type Command, type CommandIo, INTERRUPTED_STATUS } from './command.js';
import { defineCommand } from './define.js';
import { DigUsageError, parseDigArguments } from './dig-arguments.js';
import type { DigLookup } from './dig-lookup.js';
import { DigScreen } from './dig-screen.js';
import { trace } from './dig-trace.js';
import { showTransfer } from './dig-transfer.js';
import { problemOf } from './dns-problems.js';

/** dig's own: no reply from a server; and an error of its own. */
const NO_REPLY_STATUS = 9;
const INTERNAL_STATUS = 10;

export function dig(network: Network, resolver: Resolver, random: Random): Command {
  const client = new DnsClient(network, resolver, random, 'dig');
  const draws = random.fork('dig cookies and transfers');
  return defineCommand({
    name: 'dig',
    summary: 'ask name servers and show their answers',
    usage:
      'dig [@server] [-x address] [-t type] [-c class] [-p port] [name] [type] [+short] [+norecurse] [+tcp] [+trace] ' +
      '[+noall +answer] [+noedns] [+bufsize=n] [+nsid] [+multiline] [+time=s] [+tries=n] [name …]',
    async run(argv, io) {
      try {
        return await new Dig(network, resolver, client, draws, argv, io).run();
      } catch (error) {
        if (!(error instanceof DigUsageError)) throw error;
        io.stdout(error.remark);
        io.stderr(error.message);
        return error.status;
      }
    },
  });
}

/** One call of dig. */
class Dig {
  private readonly network: Network;
  private readonly resolver: Resolver;
  private readonly client: DnsClient;
  private readonly random: Random;
  private readonly io: CommandIo;
  private readonly lookups: readonly DigLookup[];
  private readonly screen: DigScreen;
  /** RFC 7873 section 4.1: the client's, one a call. */
  private readonly cookie: Uint8Array;

  /** Throws {@link DigUsageError}. */
  constructor(
    network: Network,
    resolver: Resolver,
    client: DnsClient,
    random: Random,
    argv: readonly string[],
    io: CommandIo,
  ) {
    this.network = network;
    this.resolver = resolver;
    this.client = client;
    this.random = random;
    this.io = io;
    const { lookups, output, isServerNamed, warnings } = parseDigArguments(argv);
    for (const warning of warnings) io.stderr(`${warning}\n`);
    this.lookups = lookups;
    this.screen = new DigScreen(io, output, argv, isServerNamed, () => network.wallClock());
    this.cookie = Uint8Array.from({ length: 8 }, () => random.below(256));
  }

  async run(): Promise<number> {
    let status = 0;
    for (const lookup of this.lookups) {
      if (!(await this.show(this.named(lookup)))) status = NO_REPLY_STATUS;
      if (this.io.signal.aborted) return INTERRUPTED_STATUS;
    }
    return status;
  }

  /** The name as it is asked for. Throws {@link DigUsageError} for what is none. */
  private named(lookup: DigLookup): DigLookup {
    const searched = lookup.search ? this.resolver.candidates(lookup.name)[0] : undefined;
    const name = searched ?? nameFromText(lookup.name);
    if (name !== undefined) return { ...lookup, name };
    const reason = lookup.name.includes('..') || lookup.name.startsWith('.') ? ' (empty label)' : '';
    throw new DigUsageError(`dig: '${lookup.name}' is not a legal name${reason}\n`, INTERNAL_STATUS);
  }

  /** False when no server gave an answer. */
  private async show(lookup: DigLookup): Promise<boolean> {
    const servers = await this.serversFor(lookup);
    if (servers.length === 0) {
      this.screen.line(';; no name server is configured on this machine');
      return false;
    }
    if (isTransfer(lookup)) {
      await this.showTransfer(lookup, servers[0]);
      return true;
    }
    if (lookup.trace) {
      return trace(lookup, servers, this.client, this.screen, (asked, among) => this.ask(asked, among));
    }
    const answered = await this.ask(lookup, servers);
    if (answered !== undefined) this.screen.reply(lookup, answered.reply, answered.server);
    return answered !== undefined;
  }

  /** Throws {@link DigUsageError} for a named one that has no address. */
  private async serversFor({ servers }: DigLookup): Promise<ChosenServer[]> {
    if (servers.length === 0) return this.client.servers(undefined);
    const found: ChosenServer[] = [];
    for (const name of servers) {
      const chosen = await this.client.servers(name);
      if (chosen.length === 0) throw new DigUsageError(`dig: couldn't get address for '${name}': not found\n`, 1);
      found.push(...chosen);
    }
    return found;
  }

  private showTransfer(lookup: DigLookup, server: ChosenServer): Promise<void> {
    const { name, type = 'AXFR', knownSerial } = lookup;
    const known = knownSerial === undefined ? [] : [soaOf(name, knownSerial)];
    const query = {
      ...dnsQuery(this.random.below(0x10000), name, type, false),
      ...this.askOf(lookup).content,
      authorities: known,
      ...(lookup.edns === undefined ? {} : { edns: this.optOf(lookup, lookup.edns) }),
    };
    return showTransfer(this.network, lookup, query, server, this.screen, this.io);
  }

  private async ask(
    lookup: DigLookup,
    servers: readonly ChosenServer[],
  ): Promise<{ readonly reply: DnsReply; readonly server: ChosenServer } | undefined> {
    const isTcp = overTcp(lookup);
    let hasFailedTcp = false;
    const answered = await this.client.ask(servers, this.askOf(lookup), isTcp ? 1 : lookup.tries, (server, code) => {
      hasFailedTcp = isTcp && code !== 'ETIMEOUT';
      this.screen.line(
        hasFailedTcp
          ? `;; Connection to ${endpointOf(server, lookup)}(${server.name}) for ${lookup.name} failed: ${problemOf(code)}.`
          : `;; communications error to ${endpointOf(server, lookup)}: ${problemOf(code)}`,
      );
    });
    if (answered === undefined) {
      if (this.io.signal.aborted) return undefined;
      if (!hasFailedTcp) this.screen.showBanner();
      this.screen.line(';; no servers could be reached');
      return undefined;
    }
    const { message, retriedOverTcp } = answered.reply;
    if (retriedOverTcp) this.screen.line(';; Truncated, retrying in TCP mode.');
    const isOtherVersion = lookup.edns !== undefined && lookup.edns > EDNS_VERSION;
    if (message.rcode !== RCODE_BADVERS || !isOtherVersion || !lookup.ednsNegotiation) return answered;
    const version = message.edns?.version ?? EDNS_VERSION;
    this.screen.line(`;; BADVERS, retrying with EDNS version ${version}.`);
    return this.ask({ ...lookup, edns: version, ednsNegotiation: false }, servers);
  }

  private askOf(lookup: DigLookup): DnsAsk {
    return {
      name: lookup.name,
      type: typeOf(lookup),
      class: lookup.class,
      recursionDesired: lookup.recursionDesired,
      timeoutMs: lookup.timeoutMs,
      port: lookup.port,
      transport: overTcp(lookup) ? 'tcp' : 'udp',
      ignoreTruncation: lookup.ignoreTruncation,
      content: {
        authenticData: lookup.authenticData,
        checkingDisabled: lookup.checkingDisabled,
        authoritative: lookup.authoritative,
        reserved: lookup.reserved,
      },
      edns: lookup.edns === undefined ? 'none' : this.optOf(lookup, lookup.edns),
      onSent: (query, bytes) => this.screen.query(lookup, query, bytes),
      signal: this.io.signal,
    };
  }

  private optOf(lookup: DigLookup, version: number): Edns {
    const options: EdnsOption[] = [];
    if (lookup.nsid) options.push({ kind: 'nsid', id: new Uint8Array(0) });
    if (lookup.cookie) options.push({ kind: 'cookie', client: this.cookie, server: new Uint8Array(0) });
    if (lookup.keepalive && overTcp(lookup)) options.push({ kind: 'tcp-keepalive' });
    for (const option of lookup.options) options.push({ kind: 'other', ...option });
    const reserved = lookup.ednsFlags & 0x7fff;
    const dnssecOk = lookup.dnssec || (lookup.ednsFlags & 0x8000) !== 0;
    return edns({ udpSize: lookup.bufferSize, version, dnssecOk, reserved, options });
  }
}

function typeOf({ type = 'A' }: DigLookup): QuestionType {
  return type;
}

/** RFC 1995 section 3: of the SOA that is known only the serial counts. */
function soaOf(name: string, serial: number): ResourceRecord {
  const rest = { mname: ROOT_NAME, rname: ROOT_NAME, refresh: 0, retry: 0, expire: 0, minimum: 0 };
  return { type: 'SOA', name, class: CLASS_IN, ttl: 0, serial, ...rest };
}

function isTransfer({ type }: DigLookup): boolean {
  return type === 'AXFR' || type === 'IXFR';
}

/** RFC 8482 and amplification: ANY goes by TCP, unless `+notcp` says otherwise. */
function overTcp({ tcp, type }: DigLookup): boolean {
  return tcp ?? type === 'ANY';
}

function endpointOf(server: ChosenServer, { port }: DigLookup): string {
  return `${server.address}#${port}`;
}
