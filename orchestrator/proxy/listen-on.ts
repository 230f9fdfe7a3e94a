import type { AddressInfo, Server } from 'node:net';

/** Resolves with where it listens. Rejects with the system's error: EADDRINUSE, EACCES, … */
export function listenOn(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });
}
