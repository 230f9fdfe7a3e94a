/** The side of `iperf` that waits for tests: any number one after the other, several at once. */
import type { Network } from '../../net/network.js';
import type { SocketError } from '../../net/socket-errors.js';
import type { TcpServer } from '../../net/tcp-server.js';
import type { TcpSocket } from '../../net/tcp-socket.js';
import type { Random } from '../../stack/random.js';
import { Control, IperfError } from './control.js';
import { LineReader } from './lines.js';
import { CONTROL_GREETING, type IperfTest, parseStreamGreeting } from './protocol.js';
import { TestStream } from './stream.js';
import { type TestObserver, TestRun } from './test-run.js';

/** Tests at once; further clients are told that the server is busy. */
const MAX_TESTS = 16;
const MAX_CONNECTIONS = 1024;
/** A connection that does not say what it is, or a test whose streams do not come, is given up after this time. */
const PATIENCE_MS = 10_000;
/** Clients that vanish are noticed by probes after so much silence. */
const KEEP_ALIVE_MS = 60_000;

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

/** A test whose streams are still coming. */
interface Waiting {
  readonly sockets: (TcpSocket | undefined)[];
  readonly complete: () => void;
}

export class IperfServer {
  private readonly network: Network;
  private readonly options: IperfServerOptions;
  private readonly listener: TcpServer;
  private readonly sockets = new Set<TcpSocket>();
  private readonly waiting = new Map<string, Waiting>();
  private readonly stopping = new AbortController();
  private tests = 0;

  constructor(network: Network, options: IperfServerOptions) {
    this.network = network;
    this.options = options;
    const listening = { program: 'iperf', allowHalfOpen: true, noDelay: true, keepAlive: true };
    this.listener = network.createServer({ ...listening, keepAliveInitialDelay: KEEP_ALIVE_MS }, (socket) =>
      this.accept(socket),
    );
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
    const waiting = stream && this.waiting.get(stream.cookie);
    if (stream === undefined || waiting === undefined || !(stream.index < waiting.sockets.length)) socket.destroy();
    else if (waiting.sockets[stream.index] !== undefined) socket.destroy();
    else {
      lines.release();
      waiting.sockets[stream.index] = socket;
      if (waiting.sockets.every((each) => each !== undefined)) waiting.complete();
    }
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
    const sockets: TcpSocket[] = [];
    try {
      const test = await control.expect('test');
      sockets.push(...(await this.streamsOf(control, test)));
      const { network, stopping } = this;
      const streams = sockets.map((socket, index) => new TestStream(network, index + 1, socket, test.reverse));
      for (const socket of [control.socket, ...sockets]) socket.setTimeout(0);
      if (test.congestionControl !== undefined) {
        for (const socket of sockets) socket.setCongestionControl(test.congestionControl);
      }
      control.send({ start: true });
      const { intervalMs } = this.options;
      await new TestRun(network, control, test, streams, { intervalMs, observer, signal: stopping.signal }).run();
    } catch (error) {
      if (!(error instanceof IperfError)) throw error;
      observer.onFailure(error);
    } finally {
      this.tests -= 1;
      for (const socket of sockets) socket.destroy();
      control.socket.destroySoon();
      this.options.onTestOver?.();
    }
  }

  /** The connections of a test, in the order of their numbers. Throws IperfError when they do not all come in time. */
  private async streamsOf(control: Control, test: IperfTest): Promise<TcpSocket[]> {
    const { random } = this.options;
    const cookie = [random.uint32(), random.uint32()].map((part) => part.toString(16).padStart(8, '0')).join('');
    const sockets: (TcpSocket | undefined)[] = new Array(test.streams).fill(undefined);
    const patience = new AbortController();
    try {
      await new Promise<void>((complete, reject) => {
        this.waiting.set(cookie, { sockets, complete });
        control.socket.once('close', () => reject(new IperfError('control socket has closed unexpectedly')));
        const late = () => reject(new IperfError('the streams of the test did not come'));
        this.network.sleep(PATIENCE_MS, patience.signal).then(late, () => {});
        control.send({ cookie });
      });
    } catch (error) {
      for (const socket of sockets) socket?.destroy();
      throw error;
    } finally {
      patience.abort();
      this.waiting.delete(cookie);
    }
    return sockets.filter((socket) => socket !== undefined);
  }
}
