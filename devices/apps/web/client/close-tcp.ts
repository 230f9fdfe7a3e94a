import { once } from 'node:events';
import type { TcpSocket } from '../../../net/tcp-socket.js';

/** Ends the connection as `end` says; resolves when TCP is closed on both sides. */
export async function closeTcp(tcp: TcpSocket, end: () => void): Promise<void> {
  if (tcp.destroyed) return;
  const closed = once(tcp, 'close');
  end();
  await closed;
}
