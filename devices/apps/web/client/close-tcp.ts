import type { TcpSocket } from '../../../net/tcp-socket.js';

/** Ends the connection as `end` says; resolves when TCP is closed on both sides, also by a reset. */
export async function closeTcp(tcp: TcpSocket, end: () => void): Promise<void> {
  if (tcp.destroyed) return;
  // Not `once` of node:events: it would reject with the error of a reset that comes meanwhile.
  const closed = new Promise<void>((resolve) => tcp.once('close', () => resolve()));
  end();
  await closed;
}
