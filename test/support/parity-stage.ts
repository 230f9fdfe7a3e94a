/**
 * One scenario on both kinds of sockets. Each socket's story is written down (every event, what its callbacks were told,
 * how it stood in the end), and ours must be told as Node tells its own: what is expected is never written in the test,
 * so that it is right for every version of Node that runs it.
 *
 *     await sameStory('half-close', async (stage) => {
 *       const server = await stage.listen({ allowHalfOpen: true });
 *       const [client, peer] = await stage.join(server);
 *       client.end('question');
 *       peer.on('end', () => peer.end('answer'));
 *     });
 */
import { once } from 'node:events';
import type net from 'node:net';
import t, { type Test } from 'tap';
import { BACKENDS, type Backend, portOf } from './socket-backends.js';

export type ServerOptions = NonNullable<Parameters<Backend['server']>[0]>;
export type SocketOptions = NonNullable<Parameters<Backend['socket']>[0]>;
export type ConnectOptions = SocketOptions & Partial<Parameters<Backend['connect']>[0]>;

export const NODE_VERSION = Number(process.versions.node.split('.')[0]);

/** Not part of the story: the plumbing of streams, whose order within one turn means nothing to programs. */
const PLUMBING = new Set(['newListener', 'removeListener', 'readable', 'prefinish', '_socketEnd']);
/** How a socket stands: what its properties say in the end. */
const STANDING = [
  ...(['readyState', 'connecting', 'pending', 'destroyed', 'closed', 'readable', 'writable'] as const),
  ...(['readableEnded', 'readableAborted', 'readableFlowing', 'readableObjectMode'] as const),
  ...(['writableEnded', 'writableFinished', 'writableAborted', 'writableNeedDrain', 'writableCorked'] as const),
  ...(['allowHalfOpen', 'timeout', 'remoteAddress', 'remoteFamily', 'localAddress', 'localFamily'] as const),
];
const SIZES = ['bytesRead', 'bytesWritten', 'writableLength', 'readableLength', 'bufferSize'] as const;
/** How often Node may be asked when its own story depends on what the kernel does first. */
const NODE_RUNS = 12;
/** Round trips without news after which nothing more is expected. */
const QUIET_ROUNDS = 2;

type Stories = Record<string, string[]>;
type Scenario = (stage: Stage) => Promise<void> | void;

export interface StoryOptions {
  /** Leave out what depends on how much the buffers of the kernel take: byte counts and chunks. */
  readonly withoutSizes?: boolean;
  /**
   * Who is reset, or writes to a peer that is gone, while data is under way: whether it hears of that by reading, by
   * writing, or of an orderly end only, is up to what the kernel shows libuv first. Ours must close, and know no errors
   * but those that Node may give.
   */
  readonly shot?: string;
  /** Whose stories are not compared: they depend on how fast the network is. */
  readonly apart?: readonly string[];
  /** Data comes before or after the end of the other direction: only how much of it came is compared. */
  readonly dataAnywhere?: boolean;
}

export class Stage {
  readonly backend: Backend;
  readonly host: string;
  private readonly options: StoryOptions;
  private readonly stories = new Map<string, string[]>();
  private readonly sockets = new Map<string, net.Socket>();
  private readonly servers: net.Server[] = [];
  private readonly names = new Map<string, string>();
  private probe: net.Server | undefined;

  constructor(backend: Backend, options: StoryOptions) {
    this.backend = backend;
    this.host = backend.host;
    this.options = options;
  }

  /** A line in somebody's story. */
  note(who: string, line: string): void {
    const story = this.stories.get(who) ?? [];
    this.stories.set(who, story);
    const before = story.at(-1);
    const sum = /^data (\d+)$/;
    const [, more] = sum.exec(line) ?? [];
    const [, sofar] = sum.exec(before ?? '') ?? [];
    // How the bytes were cut into chunks is nobody's promise.
    if (more !== undefined && sofar !== undefined) story[story.length - 1] = `data ${Number(more) + Number(sofar)}`;
    else if (more !== undefined && this.options.withoutSizes) story.includes('data') || story.push('data');
    else story.push(line);
  }

  /** A callback that writes down what it was told. */
  told(who: string, what: string): (error?: Error | null) => void {
    return (error) => this.note(who, `${what}: ${error ? this.describe(error) : 'done'}`);
  }

  /** What a call gives or throws. */
  tries(who: string, what: string, call: () => unknown): void {
    try {
      const value = call();
      this.note(who, `${what} gives ${typeof value === 'object' && value !== null ? 'an object' : String(value)}`);
    } catch (error) {
      const { name, code } = error as NodeJS.ErrnoException;
      this.note(who, `${what} throws ${name} ${code}`);
    }
  }

  /** Tries something on a socket that nobody will hear of again. */
  unseen(act: (socket: net.Socket) => unknown): void {
    const socket = this.backend.socket();
    socket.on('error', () => {});
    try {
      act(socket);
    } finally {
      socket.destroy();
    }
  }

  /** Resolves at 'close', whatever came before; call it early. */
  closed(socket: net.Socket): Promise<void> {
    return new Promise((resolve) => socket.once('close', () => resolve()));
  }

  /** Writes down all events of a socket, without listening to any: `data` and `readable` listeners change its mode. */
  watch(who: string, socket: net.Socket): net.Socket {
    this.sockets.set(who, socket);
    this.stories.set(who, this.stories.get(who) ?? []);
    socket.on('error', () => {});
    // Node remembers where its peer was when it was asked for while it was there; ours always.
    void socket.remoteAddress;
    socket.on('connect', () => void socket.remoteAddress);
    this.follow(who, socket);
    return socket;
  }

  private follow(who: string, emitter: net.Socket | net.Server): void {
    const emit = emitter.emit as (event: string | symbol, ...args: unknown[]) => boolean;
    const listener = (event: string | symbol, ...args: unknown[]): boolean => {
      if (typeof event === 'string' && !PLUMBING.has(event)) this.note(who, this.line(event, args));
      return emit.call(emitter, event, ...args);
    };
    emitter.emit = listener as typeof emitter.emit;
  }

  private line(event: string, args: unknown[]): string {
    const [first] = args;
    if (event === 'data') return `data ${(first as Buffer | string).length}`;
    if (first instanceof Error) return `${event}: ${this.describe(first)}`;
    if (event === 'drop') this.nameport((first as net.DropArgument).remotePort, 'DROPPED PORT');
    if (event === 'connection' || event === 'pipe' || event === 'unpipe') return event;
    return [event, ...args.map((value) => this.plain(JSON.stringify(value) ?? 'undefined'))].join(' ');
  }

  /** `name code syscall "message" errno address port`, without what differs from run to run. */
  describe(error: Error): string {
    const { name, code, syscall, message, errno, address, port } = error as NodeJS.ErrnoException & net.AddressInfo;
    return this.plain([name, code, syscall, JSON.stringify(message), errno, address, port].join(' '));
  }

  /** Hosts and ports are called by name. */
  plain(text: string): string {
    let plain = text.replaceAll(this.host, 'HOST').replaceAll(this.backend.clientHost, 'HOST');
    for (const [port, name] of this.names) plain = plain.replace(new RegExp(`\\b${port}\\b`, 'g'), name);
    return plain;
  }

  /** From now on the port has a name in all stories. */
  nameport(port: number | undefined, name: string): void {
    if (port !== undefined) this.names.set(String(port), name);
  }

  /** A listening server whose story is written as well. */
  async listen(options: ServerOptions = {}, who = 'server'): Promise<net.Server> {
    const server = this.server(options, who);
    server.listen({ port: 0, host: this.host });
    await once(server, 'listening');
    this.nameport(portOf(server), `PORT of ${who}`);
    return server;
  }

  /** One that does not listen yet. */
  server(options: ServerOptions = {}, who = 'server'): net.Server {
    const server = this.backend.server(options);
    this.servers.push(server);
    server.on('error', () => {});
    server.on('connection', (socket) => {
      this.nameport(socket.remotePort, 'CLIENT PORT');
      if (this.probe !== server) this.accepted.push(socket);
    });
    this.stories.set(who, []);
    this.follow(who, server);
    return server;
  }

  private readonly accepted: net.Socket[] = [];

  /** A socket of the client's machine, not connected. */
  socket(options: SocketOptions = {}, who = 'client'): net.Socket {
    return this.watch(who, this.backend.socket(options));
  }

  connect(server: net.Server, options: ConnectOptions = {}, who = 'client'): net.Socket {
    return this.watch(who, this.backend.connect({ port: portOf(server), host: this.host, ...options }));
  }

  /** Both ends of a new connection, each watched from its first event on. */
  async join(
    server: net.Server,
    options: ConnectOptions = {},
    names: readonly [string, string] = ['client', 'peer'],
  ): Promise<[net.Socket, net.Socket]> {
    const accepted = new Promise<net.Socket>((resolve) => {
      server.once('connection', (peer) => resolve(this.watch(names[1], peer)));
    });
    const client = this.connect(server, options, names[0]);
    const [peer] = await Promise.all([accepted, once(client, 'connect')]);
    return [client, peer];
  }

  /** What was sent before has arrived when a whole connection has come and gone after it. */
  async roundTrip(): Promise<void> {
    if (this.probe === undefined) {
      this.probe = this.backend.server();
      this.probe.listen({ port: 0, host: this.host });
      await once(this.probe, 'listening');
    }
    const accepted = once(this.probe, 'connection') as Promise<[net.Socket]>;
    const socket = this.backend.connect({ port: portOf(this.probe), host: this.host });
    const closed = once(socket, 'close');
    const [peer] = await accepted;
    peer.end('x');
    socket.resume();
    await closed;
    peer.destroy();
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Until nobody has anything to tell any more. */
  async quiet(): Promise<void> {
    for (let quietRounds = 0; quietRounds < QUIET_ROUNDS; ) {
      const before = this.length();
      await this.roundTrip();
      quietRounds = this.length() === before ? quietRounds + 1 : 0;
    }
  }

  private length(): number {
    return [...this.stories.values()].reduce((sum, story) => sum + story.length, 0);
  }

  /** All stories, each with how its socket stands. */
  end(): Stories {
    for (const [who, socket] of this.sockets) for (const line of this.standing(socket)) this.note(who, line);
    return Object.fromEntries([...this.stories].map(([who, story]) => [who, story.map((line) => this.plain(line))]));
  }

  private standing(socket: net.Socket): string[] {
    const facts: Record<string, unknown> = {};
    for (const name of [...STANDING, ...(this.options.withoutSizes ? [] : SIZES)]) facts[name] = socket[name];
    const errored = socket.errored?.message;
    // Node 22 and later cancel, without an 'error' event, the write under way of a socket that is destroyed.
    facts.errored = errored === 'write ECANCELED' ? undefined : errored;
    facts.address = socket.address();
    return Object.entries(facts).map(([name, value]) => `${name}: ${JSON.stringify(value) ?? 'undefined'}`);
  }

  close(): void {
    for (const socket of [...this.sockets.values(), ...this.accepted]) socket.destroy();
    for (const server of [...this.servers, this.probe]) if (server?.listening) server.close();
    this.backend.close();
  }
}

async function tell(open: () => Backend, scenario: Scenario, options: StoryOptions): Promise<Stories> {
  const stage = new Stage(open(), options);
  try {
    await scenario(stage);
    await stage.quiet();
    return stage.end();
  } finally {
    stage.close();
  }
}

/** Runs the scenario on both. Where Node's story varies from run to run, ours must be one of those that Node tells. */
export async function sameStory(
  name: string,
  scenario: Scenario,
  options: StoryOptions = {},
  test: Test = t,
): Promise<void> {
  const [node, ours] = BACKENDS;
  await test.test(name, async (t) => {
    const told = await tell(ours, scenario, options);
    let expected = await tell(node, scenario, options);
    for (let run = 1; run < NODE_RUNS && !same(told, expected, options); run++)
      expected = await tell(node, scenario, options);
    t.strictSame(judged(told, options), judged(expected, options));
  });
}

const RESET =
  /^(error|connectionAttemptFailed): .* (ECONNRESET|EPIPE) |^(error|connectionAttemptFailed) .*"(ECONNRESET|EPIPE)"/;

/** What has to be equal. */
function judged(stories: Stories, { shot, apart = [], dataAnywhere = false }: StoryOptions): Stories {
  const judged = { ...stories };
  for (const who of apart) delete judged[who];
  if (dataAnywhere) for (const who in judged) judged[who] = judged[who].filter((line) => !line.startsWith('data '));
  if (shot !== undefined && judged[shot] !== undefined) {
    judged[shot] = judged[shot].filter(
      (line) =>
        line === 'destroyed: true' || (line.includes('error') && !line.startsWith('errored') && !RESET.test(line)),
    );
  }
  return judged;
}

function same(a: Stories, b: Stories, options: StoryOptions): boolean {
  const sorted = (stories: Stories) =>
    JSON.stringify(Object.entries(judged(stories, options)).sort(([x], [y]) => (x < y ? -1 : 1)));
  return sorted(a) === sorted(b);
}
