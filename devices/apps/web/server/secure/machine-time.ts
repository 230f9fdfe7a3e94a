/** TLS sockets of Node on sockets of the emulated network. */
import type { TLSSocket } from 'node:tls';
import type { TcpSocket } from '../../../../net/tcp-socket.js';

const ADDRESSES = ['localAddress', 'localPort', 'localFamily', 'remoteAddress', 'remotePort', 'remoteFamily'] as const;

/**
 * The timeouts of `secure` are those of the socket below, whose clock is the machine's (a TLSSocket's own would be the
 * operating system's), and so are the addresses of both ends, which Node looks for in a handle that is not there.
 */
export function useMachineTime(secure: TLSSocket, socket: TcpSocket): void {
  secure.setTimeout = (ms: number, callback?: () => void) => {
    if (callback !== undefined && ms === 0) secure.off('timeout', callback);
    else if (callback !== undefined) secure.once('timeout', callback);
    socket.setTimeout(ms);
    return secure;
  };
  socket.on('timeout', () => secure.emit('timeout'));
  for (const name of ADDRESSES) Object.defineProperty(secure, name, { get: () => socket[name] });
}
