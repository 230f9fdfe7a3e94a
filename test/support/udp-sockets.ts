/** Plain UDP sockets on loopback, for tests of what talks to them. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Test } from 'tap';

export const LOOPBACK = '127.0.0.1';

/** Bound until the test ends; port 0: any that is free. */
export async function boundSocket(t: Test, port = 0, address = LOOPBACK): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(port, address);
  await once(socket, 'listening');
  t.teardown(() => socket.close());
  return socket;
}

/** A port that nobody has, until somebody else takes it. */
export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, LOOPBACK);
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}
