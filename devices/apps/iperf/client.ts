/** The side of `iperf` that asks for a test. */
import type { Network } from '../../net/network.js';
import type { TcpSocket } from '../../net/tcp-socket.js';
import { Control, IperfError } from './control.js';
import { ClientPath } from './datagram-path.js';
import { LineReader } from './lines.js';
import { CONTROL_GREETING, type IperfTest, KEEP_ALIVE_MS, MIN_DATAGRAM_BYTES, streamGreeting } from './protocol.js';
import { TcpStream, type TestStream } from './stream.js';
import { type TestOutcome, TestRun, type TestRunOptions } from './test-run.js';
import { UdpStream } from './udp-stream.js';

/** Without a number of bytes a UDP test has datagrams that fit the path to the server. */
export type WantedTest = Omit<IperfTest, 'blockBytes'> & { readonly blockBytes?: number };

const DEFAULT_BLOCK_BYTES = 128 * 1024;

export interface ServerAddress {
  readonly address: string;
  readonly port: number;
}

/**
 * Runs one test to its end. Throws IperfError, with the error of the socket as its cause where there was one. When the
 * signal aborts before the start, the outcome is empty.
 */
export async function runClient(
  network: Network,
  server: ServerAddress,
  wanted: WantedTest,
  options: TestRunOptions,
): Promise<TestOutcome> {
  const sockets: { destroy(): void }[] = [];
  const stop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  options.signal.addEventListener('abort', stop, { once: true });
  try {
    if (options.signal.aborted) return { own: [] };
    const socket = await connect(network, server, sockets);
    const test = { ...wanted, blockBytes: wanted.blockBytes ?? blockFor(wanted, socket) };
    const control = new Control(socket, new LineReader(socket));
    socket.write(`${CONTROL_GREETING}\n`);
    control.send({ test });
    const cookie = await control.expect('cookie');
    const streams: TestStream[] = [];
    for (let index = 0; index < test.streams; index++) {
      const greeting = streamGreeting(cookie, index);
      if (test.udp !== undefined) {
        const path = await ClientPath.open(network, server, socket.localAddress).catch(streamFailed);
        sockets.push(path);
        await greet(path, greeting, control, options.signal);
        streams.push(new UdpStream(network, index + 1, path, !test.reverse, test.udp.bitsPerSecond));
        continue;
      }
      const stream = await connect(network, server, sockets, test.bufferBytes);
      if (test.congestionControl !== undefined) stream.setCongestionControl(test.congestionControl);
      stream.write(`${greeting}\n`);
      streams.push(new TcpStream(network, index + 1, stream, !test.reverse));
    }
    await control.expect('start');
    options.signal.removeEventListener('abort', stop);
    return await new TestRun(network, control, test, streams, options).run();
  } catch (error) {
    if (options.signal.aborted) return { own: [] };
    throw error;
  } finally {
    options.signal.removeEventListener('abort', stop);
    stop();
  }
}

function blockFor({ udp }: WantedTest, control: TcpSocket): number {
  return udp === undefined ? DEFAULT_BLOCK_BYTES : Math.max(MIN_DATAGRAM_BYTES, control.statistics()?.mss ?? 0);
}

/** The end of the control connection is the end of it too. */
async function greet(path: ClientPath, greeting: string, { socket }: Control, signal: AbortSignal): Promise<void> {
  const closed = new AbortController();
  const close = () => closed.abort(new IperfError('control socket has closed unexpectedly'));
  socket.once('close', close);
  try {
    await path.greet(greeting, AbortSignal.any([signal, closed.signal]));
  } catch (cause) {
    streamFailed(cause);
  } finally {
    socket.off('close', close);
  }
}

function streamFailed(cause: unknown): never {
  throw cause instanceof IperfError ? cause : new IperfError('a stream failed', { cause });
}

function connect(
  network: Network,
  { address, port }: ServerAddress,
  sockets: { destroy(): void }[],
  bufferBytes?: number,
): Promise<TcpSocket> {
  return new Promise((resolve, reject) => {
    const buffers = { sendBufferSize: bufferBytes, recvBufferSize: bufferBytes };
    const probes = { keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
    const how = { program: 'iperf', allowHalfOpen: true, noDelay: true, ...probes, ...buffers };
    const socket = network.connect({ host: address, port, ...how });
    sockets.push(socket);
    // Later errors are told by whoever reads or writes.
    socket.on('error', (cause) => reject(new IperfError('unable to connect to server', { cause })));
    socket.on('close', () => reject(new IperfError('unable to connect to server')));
    socket.once('connect', () => resolve(socket));
  });
}
