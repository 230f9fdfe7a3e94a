/** A proxy on loopback into a network of two hosts, the second of which serves what the test wants. */
import { once } from 'node:events';
import http from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Test } from 'tap';
import type { TcpSocket } from '../../../../devices/net/tcp-socket.js';
import { DeviceStream } from '../../../../orchestrator/lab/device-stream.js';
import { type ProxyOptions, ProxyServer } from '../../../../orchestrator/proxy/proxy-server.js';
import { SocketReader } from '../../../../orchestrator/proxy/socket-reader.js';
import { StreamingDevice } from '../../../support/streaming-device.js';

export interface Proxied {
  readonly device: StreamingDevice;
  readonly port: number;
  /** A client that has said nothing yet. */
  connect(): Promise<Socket>;
  /** Sends raw text and reads until the proxy hangs up. */
  say(text: string): Promise<string>;
}

export async function proxied(
  t: Test,
  listeners: Record<number, (socket: TcpSocket) => void>,
  options: Partial<ProxyOptions> = {},
): Promise<Proxied> {
  const device = await StreamingDevice.start(t, listeners);
  const proxy = new ProxyServer({
    dial: (host, port, signal) => DeviceStream.open(device.control, { host, port, timeoutMs: 500 }, signal),
    ...options,
  });
  const { port } = await proxy.listen('127.0.0.1', 0);
  t.teardown(() => proxy.close());
  const open = async () => {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    socket.on('error', () => {});
    t.teardown(() => socket.destroy());
    await once(socket, 'connect');
    return socket;
  };
  const say = async (text: string) => {
    const socket = await open();
    socket.write(text, 'latin1');
    return (await readAll(socket)).toString('latin1');
  };
  return { device, port, connect: open, say };
}

/** A web server of host b. */
export function webServer(handler: http.RequestListener): (socket: TcpSocket) => void {
  const server = http.createServer(handler);
  return (socket) => server.emit('connection', socket);
}

/** Until the other side ends or breaks off. */
export async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await Promise.race([once(socket, 'end'), once(socket, 'close')]);
  return Buffer.concat(chunks);
}

/** So many bytes; none when the other side ends before. */
export async function readBytes(socket: Socket, length: number): Promise<Uint8Array> {
  const reader = new SocketReader(socket);
  try {
    return await reader.take(length);
  } catch {
    return new Uint8Array(0);
  } finally {
    reader.release();
  }
}
