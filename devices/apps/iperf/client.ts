/** The side of `iperf` that asks for a test. */
import type { Network } from '../../net/network.js';
import type { TcpSocket } from '../../net/tcp-socket.js';
import { Control, IperfError } from './control.js';
import { LineReader } from './lines.js';
import { CONTROL_GREETING, type IperfTest, streamGreeting } from './protocol.js';
import { TestStream } from './stream.js';
import { type TestOutcome, TestRun, type TestRunOptions } from './test-run.js';

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
  test: IperfTest,
  options: TestRunOptions,
): Promise<TestOutcome> {
  const sockets: TcpSocket[] = [];
  const stop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  options.signal.addEventListener('abort', stop, { once: true });
  const open = (): Promise<TcpSocket> => connect(network, server, sockets);
  try {
    if (options.signal.aborted) return { own: [] };
    const socket = await open();
    const control = new Control(socket, new LineReader(socket));
    socket.write(`${CONTROL_GREETING}\n`);
    control.send({ test });
    const cookie = await control.expect('cookie');
    const streams: TestStream[] = [];
    for (let index = 0; index < test.streams; index++) {
      const stream = await open();
      if (test.congestionControl !== undefined) stream.setCongestionControl(test.congestionControl);
      stream.write(`${streamGreeting(cookie, index)}\n`);
      streams.push(new TestStream(network, index + 1, stream, !test.reverse));
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

function connect(network: Network, { address, port }: ServerAddress, sockets: TcpSocket[]): Promise<TcpSocket> {
  return new Promise((resolve, reject) => {
    const socket = network.connect({ host: address, port, program: 'iperf', allowHalfOpen: true, noDelay: true });
    sockets.push(socket);
    // Later errors are told by whoever reads or writes.
    socket.on('error', (cause) => reject(new IperfError('unable to connect to server', { cause })));
    socket.on('close', () => reject(new IperfError('unable to connect to server')));
    socket.once('connect', () => resolve(socket));
  });
}
