/** `nsupdate`: changes a zone while it is served (RFC 2136), by lines that it reads from standard input. */
import type { Network } from '../../net/network.js';
import type { Resolver } from '../../net/resolver.js';
import type { Random } from '../../stack/random.js';
import { type DnsMessage, OPCODE_UPDATE, RCODE_NOERROR, rcodeName } from '../../stack/wire/dns.js';
import { isWithin } from '../../stack/wire/dns-name.js';
import {
  absolute,
  CLASS_ANY,
  CLASS_NONE,
  formatRecordData,
  type ResourceRecord,
  typeName,
  typeNumber,
} from '../../stack/wire/dns-record.js';
import { type ChosenServer, DnsClient } from '../dns/client.js';
import { formatHeader } from '../dns/presentation.js';
import { parseArguments } from './arguments.js';
import { type Command, type CommandIo, INTERRUPTED_STATUS } from './command.js';
import { CommandFailure, defineCommand, UsageError } from './define.js';
import { parseScriptLine, ScriptError, type ScriptLine } from './nsupdate-script.js';

/** nsupdate's own: a line was wrong, an update was refused. */
const SCRIPT_STATUS = 1;
const REFUSED_STATUS = 2;
const TIMEOUT_MS = 5_000;
const TRIES = 3;
/** Of one line; longer ones hold no record. */
const MAX_LINE = 256 * 1024;

const HELP = `server name [port]    whom to send to; default: the primary of the zone
zone name             default: the zone that the first name is in
ttl seconds           of records that are added without one
prereq nxdomain|yxdomain name
prereq nxrrset|yxrrset name [class] type [data]
update add name [ttl] [class] type data
update delete name [[class] type [data]]
show | send (or an empty line) | answer | debug | quit
`;

export function nsupdate(network: Network, resolver: Resolver, random: Random): Command {
  const client = new DnsClient(network, resolver, random, 'nsupdate');
  return defineCommand({
    name: 'nsupdate',
    summary: 'change a zone while it is served: reads lines such as "update add www.server.com 300 A 192.0.2.1"',
    usage: 'nsupdate [-dlv] [-p port] [-t timeout]',
    async run(argv, io) {
      const args = parseArguments(argv, 'dlvp:t:');
      if (args.operands.length > 0) throw new UsageError('the lines come from standard input');
      const timeoutMs = 1000 * (args.integer('t', 1, 3600) ?? TIMEOUT_MS / 1000);
      const session = new Session(client, io, {
        timeoutMs,
        transport: args.has('v') ? 'tcp' : 'udp',
        port: args.integer('p', 1, 65535) ?? 53,
        server: args.has('l') ? '127.0.0.1' : undefined,
        debug: args.has('d'),
      });
      return session.run();
    },
  });
}

interface SessionOptions {
  readonly timeoutMs: number;
  readonly transport: 'udp' | 'tcp';
  readonly port: number;
  readonly server: string | undefined;
  readonly debug: boolean;
}

class Session {
  private readonly client: DnsClient;
  private readonly io: CommandIo;
  private readonly options: SessionOptions;
  private server: string | undefined;
  private port: number;
  private zone: string | undefined;
  private ttl: number | undefined;
  private debug: boolean;
  private prerequisites: ResourceRecord[] = [];
  private updates: ResourceRecord[] = [];
  private lastAnswer: DnsMessage | undefined;
  private failed = false;

  constructor(client: DnsClient, io: CommandIo, options: SessionOptions) {
    this.client = client;
    this.io = io;
    this.options = options;
    this.server = options.server;
    this.port = options.port;
    this.debug = options.debug;
  }

  async run(): Promise<number> {
    for await (const line of linesOf(this.io.stdin)) {
      if (this.io.signal.aborted) return INTERRUPTED_STATUS;
      let parsed: ScriptLine | undefined;
      try {
        parsed = parseScriptLine(line, this.ttl);
      } catch (error) {
        if (!(error instanceof ScriptError)) throw error;
        throw new CommandFailure(`${error.message}\nsyntax error`, SCRIPT_STATUS);
      }
      if (parsed?.kind === 'quit') return this.status;
      if (parsed !== undefined) await this.obey(parsed);
    }
    await this.send();
    return this.status;
  }

  private get status(): number {
    return this.failed ? REFUSED_STATUS : 0;
  }

  private async obey(line: ScriptLine): Promise<void> {
    switch (line.kind) {
      case 'server':
        this.server = line.server;
        this.port = line.port ?? this.options.port;
        break;
      case 'zone':
        this.zone = line.zone;
        break;
      case 'ttl':
        this.ttl = line.seconds;
        break;
      case 'prerequisite':
        this.prerequisites.push(line.record);
        break;
      case 'update':
        this.updates.push(line.record);
        break;
      case 'send':
        await this.send();
        break;
      case 'show':
        this.show();
        break;
      case 'answer':
        if (this.lastAnswer !== undefined) this.io.stdout(`Answer:\n${formatHeader(this.lastAnswer)}`);
        break;
      case 'debug':
        this.debug = true;
        break;
      default:
        this.io.stdout(HELP);
    }
  }

  private async send(): Promise<void> {
    const { prerequisites, updates } = this;
    if (prerequisites.length + updates.length === 0) return;
    if (this.debug) this.show();
    this.prerequisites = [];
    this.updates = [];
    const { zone, servers } = await this.target([...prerequisites, ...updates][0].name);
    const content = { opcode: OPCODE_UPDATE, answers: prerequisites, authorities: updates };
    const answered = await this.ask(servers, { name: zone, content });
    if (answered === undefined)
      throw new CommandFailure('; Communication with the server failed: timed out', SCRIPT_STATUS);
    this.lastAnswer = answered;
    if (this.debug) this.io.stdout(`Reply from update query:\n${formatHeader(answered)}`);
    if (answered.rcode === RCODE_NOERROR) return;
    this.failed = true;
    this.io.stderr(`update failed: ${rcodeName(answered.rcode)}\n`);
  }

  /** As nsupdate finds them: by the SOA of the name, in the answer or, for a name that is not there, beside it. */
  private async target(name: string): Promise<{ zone: string; servers: readonly ChosenServer[] }> {
    let { zone, server } = this;
    if (zone === undefined || server === undefined) {
      const asked = zone ?? name;
      const whom = await this.client.servers(server);
      const message = await this.ask(whom, { name: asked, recursionDesired: true });
      const soa = [...(message?.answers ?? []), ...(message?.authorities ?? [])].find(
        (record) => record.type === 'SOA',
      );
      if (soa?.type !== 'SOA' || !isWithin(asked, soa.name)) {
        throw new CommandFailure(`could not find the zone of ${asked}`, SCRIPT_STATUS);
      }
      zone ??= soa.name;
      server ??= soa.mname;
    }
    const servers = await this.client.servers(server);
    if (servers.length === 0)
      throw new CommandFailure(`couldn't get address for '${server}': not found`, SCRIPT_STATUS);
    return { zone, servers };
  }

  private async ask(
    servers: readonly ChosenServer[],
    question: { name: string; recursionDesired?: boolean; content?: Partial<DnsMessage> },
  ): Promise<DnsMessage | undefined> {
    const { timeoutMs, transport } = this.options;
    const { signal } = this.io;
    const ask = {
      type: 'SOA',
      recursionDesired: false,
      timeoutMs,
      transport,
      port: this.port,
      signal,
      ...question,
    } as const;
    return (await this.client.ask(servers, ask, TRIES))?.reply.message;
  }

  private show(): void {
    const { zone = '', prerequisites, updates } = this;
    const part = (title: string, lines: readonly string[]) =>
      lines.length === 0 ? '' : `;; ${title} SECTION:\n${lines.join('\n')}\n`;
    this.io.stdout(
      `Outgoing update query:\n${part('ZONE', zone === '' ? [] : [`;${absolute(zone)}\t\t\tIN\tSOA`])}` +
        `${part('PREREQUISITE', prerequisites.map(shown))}${part('UPDATE', updates.map(shown))}\n`,
    );
  }
}

function shown(record: ResourceRecord): string {
  const classes = new Map([
    [CLASS_ANY, 'ANY'],
    [CLASS_NONE, 'NONE'],
  ]);
  const isBare = 'bytes' in record && record.bytes.length === 0;
  const head = [
    absolute(record.name),
    record.ttl,
    classes.get(record.class) ?? 'IN',
    typeName(typeNumber(record.type)),
  ];
  return `${head.join('\t')}\t${isBare ? '' : formatRecordData(record)}`.trimEnd();
}

/** Without their ends. Throws CommandFailure for one that does not end. */
async function* linesOf(input: AsyncIterable<string | Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const chunk of input) {
    pending += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    if (pending.length > MAX_LINE) throw new CommandFailure('a line is too long', SCRIPT_STATUS);
    yield* lines.map((line) => line.replace(/\r$/, ''));
  }
  if (pending !== '') yield pending;
}
