/** The side of `iperf` that waits for tests: any number one after the other, several at once. */
import type { Network } from '../../net/network.js';
import type { SocketError } from '../../net/socket-errors.js';
import type { TcpServer } from '../../net/tcp-server.js';
import { TcpSocket } from '../../net/tcp-socket.js';
import type { Random } from '../../stack/random.js';
import { Control, IperfError } from './control.js';
import { type DatagramPath, ServerPaths } from './datagram-path.js';
import { LineReader } from './lines.js';
import { CONTROL_GREETING, type IperfTest, KEEP_ALIVE_MS, parseStreamGreeting } from './protocol.js';
import { TcpStream } from './stream.js';
import { type TestObserver, TestRun } from './test-run.js';
import { UdpStream } from './udp-stream.js';

/** Tests at once; further clients are told that the server is busy. */
const MAX_TESTS = 16;
const MAX_CONNECTIONS = 1024;
/** A connection that does not say what it is, or a test whose streams do not come, is given up after this time. */
const PATIENCE_MS = 10_000;

/** One client's test, from its acceptance to its end. */
export interface ServerObserver extends TestObserver {
  onFailure(error: IperfError): void;
}

export interface IperfServerOptions {
  readonly port: number;
  readonly random: Random;
  readonly intervalMs: number;
  /** A client has come. */
  readonly observe: (client: { readonly address: string; readonly port: number }) => ServerObserver;
  readonly onListening?: () => void;
  /** The port is taken. */
  readonly onError: (error: SocketError) => void;
  /** A test is over, whatever its end. */
  readonly onTestOver?: () => void;
}

/** What a stream runs on. */
type Carrier = TcpSocket | DatagramPath;

/** A test whose streams are still coming. */
interface Waiting {
  readonly test: IperfTest;
  readonly carriers: (Carrier | undefined)[];
  readonly complete: () => void;
}

export class IperfServer {
  private readonly network: Network;
  private readonly options: IperfServerOptions;
  private readonly listener: TcpServer;
  private readonly sockets = new Set<TcpSocket>();
  private readonly waiting = new Map<string, Waiting>();
  /** By the client's address: what connections from there get while the streams of such a test come. */
  private readonly bufferSizes = new Map<string, number>();
  /** By the client's address: the last of its tests whose streams come, one after the other because of that. */
  private readonly arranging = new Map<string, Promise<unknown>>();
  private paths: Promise<ServerPaths> | undefined;
  private readonly stopping = new AbortController();
  private tests = 0;

  constructor(network: Network, options: IperfServerOptions) {
    this.network = network;
    this.options = options;
    const listening = {
      program: 'iperf',
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
      bufferSizeFor: (address: string) => this.bufferSizes.get(address),
    };
    this.listener = network.createServer(listening, (socket) => this.accept(socket));
    this.listener.maxConnections = MAX_CONNECTIONS;
    this.listener.on('error', (error) => options.onError(error as SocketError));
  }

  start(): void {
    this.listener.listen({ port: this.options.port }, this.options.onListening);
  }

  /** Tests that run are told to their observers as far as they came, then all connections are closed. */
  async stop(): Promise<void> {
    this.stopping.abort();
    const closed = new Promise<void>((resolve) => this.listener.close(() => resolve()));
    // The tests end in turns of their own.
    await new Promise<void>((resolve) => setImmediate(resolve));
    for (const socket of this.sockets) socket.destroy();
    const paths = await this.paths?.catch(() => undefined);
    paths?.close();
    await closed;
  }

  private accept(socket: TcpSocket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => {});
    socket.setTimeout(PATIENCE_MS, () => socket.destroy());
    void this.greet(socket);
  }

  private async greet(socket: TcpSocket): Promise<void> {
    const lines = new LineReader(socket);
    const greeting = await lines.next();
    if (greeting === CONTROL_GREETING) {
      await this.serve(new Control(socket, lines));
      return;
    }
    const stream = parseStreamGreeting(greeting ?? '');
    lines.release();
    if (stream === undefined || !this.take(stream, socket, false)) socket.destroy();
  }

  /** False when no test waits for it. */
  private take({ cookie, index }: { cookie: string; index: number }, carrier: Carrier, isUdp: boolean): boolean {
    const waiting = this.waiting.get(cookie);
    if (waiting === undefined || isUdp !== (waiting.test.udp !== undefined)) return false;
    const { carriers, complete } = waiting;
    if (!(index < carriers.length) || carriers[index] !== undefined) return false;
    carriers[index] = carrier;
    if (carriers.every((each) => each !== undefined)) complete();
    return true;
  }

  private async serve(control: Control): Promise<void> {
    if (this.tests >= MAX_TESTS) {
      control.send({ error: 'the server is busy running other tests' });
      control.socket.destroySoon();
      return;
    }
    this.tests += 1;
    const { remoteAddress = '', remotePort = 0 } = control.socket;
    const observer = this.options.observe({ address: remoteAddress, port: remotePort });
    const carriers: Carrier[] = [];
    try {
      const test = await control.expect('test');
      carriers.push(...(await this.arrange(control, test)));
      const { network, stopping } = this;
      control.socket.setTimeout(0);
      const streams = carriers.map((carrier, index) => this.streamOn(carrier, index + 1, test));
      control.send({ start: true });
      const { intervalMs } = this.options;
      await new TestRun(network, control, test, streams, { intervalMs, observer, signal: stopping.signal }).run();
    } catch (error) {
      if (!(error instanceof IperfError)) throw error;
      observer.onFailure(error);
    } finally {
      this.tests -= 1;
      for (const carrier of carriers) carrier.destroy();
      control.socket.destroySoon();
      this.options.onTestOver?.();
    }
  }

  private streamOn(carrier: Carrier, id: number, test: IperfTest): TcpStream | UdpStream {
    const { network } = this;
    if (!(carrier instanceof TcpSocket)) {
      return new UdpStream(network, id, carrier, test.reverse, test.udp?.bitsPerSecond ?? 0);
    }
    carrier.setTimeout(0);
    if (test.congestionControl !== undefined) carrier.setCongestionControl(test.congestionControl);
    return new TcpStream(network, id, carrier, test.reverse);
  }

  /** {@link streamsOf}, once the tests of the same client that came before have theirs. */
  private async arrange(control: Control, test: IperfTest): Promise<Carrier[]> {
    const { remoteAddress = '' } = control.socket;
    const before = this.arranging.get(remoteAddress) ?? Promise.resolve();
    const streams = before.then(() => this.streamsOf(control, test, remoteAddress));
    const over = streams.catch(() => {});
    this.arranging.set(remoteAddress, over);
    try {
      return await streams;
    } finally {
      if (this.arranging.get(remoteAddress) === over) this.arranging.delete(remoteAddress);
    }
  }

  private openPaths(): Promise<ServerPaths> {
    this.paths ??= ServerPaths.open(this.network, this.options.port, (greeting, path) =>
      this.take(greeting, path, true),
    );
    return this.paths;
  }

  /** What the streams of a test run on, in their order. Throws IperfError when they do not all come in time. */
  private async streamsOf(control: Control, test: IperfTest, address: string): Promise<Carrier[]> {
    const { random } = this.options;
    if (test.udp !== undefined) {
      await this.openPaths().catch((cause) => {
        this.paths = undefined;
        control.send({ error: 'the UDP port is taken' });
        throw new IperfError('unable to take the UDP port', { cause });
      });
    }
    if (test.bufferBytes !== undefined) this.bufferSizes.set(address, test.bufferBytes);
    const cookie = [random.uint32(), random.uint32()].map((part) => part.toString(16).padStart(8, '0')).join('');
    const carriers: (Carrier | undefined)[] = new Array(test.streams).fill(undefined);
    const patience = new AbortController();
    try {
      await new Promise<void>((complete, reject) => {
        this.waiting.set(cookie, { test, carriers, complete });
        if (control.socket.destroyed) reject(new IperfError('control socket has closed unexpectedly'));
        control.socket.once('close', () => reject(new IperfError('control socket has closed unexpectedly')));
        const late = () => reject(new IperfError('the streams of the test did not come'));
        this.network.sleep(PATIENCE_MS, patience.signal).then(late, () => {});
        control.send({ cookie });
      });
    } catch (error) {
      for (const carrier of carriers) carrier?.destroy();
      throw error;
    } finally {
      patience.abort();
      this.bufferSizes.delete(address);
      this.waiting.delete(cookie);
    }
    return carriers.filter((carrier) => carrier !== undefined);
  }
}
