/** Sends so many bytes to everyone who connects, over the kernel's own TCP: `loopback-server BYTES`. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { patternBytes } from './measure.js';

const total = Number(process.argv[2]);
const chunk = patternBytes(65536);
const server = createServer(async (socket) => {
  socket.on('error', () => {});
  for (let left = total; left > 0 && !socket.destroyed; left -= chunk.length) {
    if (!socket.write(chunk.subarray(0, Math.min(left, chunk.length)))) await once(socket, 'drain').catch(() => {});
  }
  socket.end();
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.stdin.on('end', () => process.exit(0)).resume();
