import { createSocket } from 'node:dgram';

/** UDP ports of 127.0.0.1 that nobody had a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const sockets = Array.from({ length: count }, () => createSocket('udp4'));
  const bound = sockets.map(
    (socket) => new Promise<number>((resolve) => socket.bind(0, '127.0.0.1', () => resolve(socket.address().port))),
  );
  const ports = await Promise.all(bound);
  await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(resolve))));
  return ports;
}
