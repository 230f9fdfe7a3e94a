/** A port of this machine that leads to one inside: every connection to it becomes one of an emulated device. */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { listenOn } from './listen-on.js';
import { type Dial, hangUp, relay } from './relay.js';

export interface PortForwardOptions {
  readonly dial: Dial;
  readonly host: string;
  readonly port: number;
  /** No connection came about; the client was reset. */
  onFailure(error: Error): void;
  /** Clients at once; more are closed at once. Default {@link MAX_FORWARDED}. */
  readonly maxClients?: number;
}

export const MAX_FORWARDED = 1024;

export class PortForward {
  private readonly options: PortForwardOptions;
  private readonly server: Server;
  private readonly clients = new Set<Socket>();

  constructor(options: PortForwardOptions) {
    this.options = options;
    this.server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => void this.accept(client));
    this.server.maxConnections = options.maxClients ?? MAX_FORWARDED;
  }

  /** Resolves with where it listens. Rejects with the system's error. */
  listen(host: string, port: number): Promise<AddressInfo> {
    return listenOn(this.server, host, port);
  }

  /** At once, with all connections. */
  close(): void {
    this.server.close();
    for (const client of this.clients) client.destroy();
  }

  private async accept(client: Socket): Promise<void> {
    const { dial, host, port, onFailure } = this.options;
    this.clients.add(client);
    client.once('close', () => this.clients.delete(client));
    client.on('error', () => client.destroy());
    try {
      await relay(client, await dial(host, port, hangUp(client)));
    } catch (error) {
      if (!client.destroyed) onFailure(error as Error);
      client.resetAndDestroy();
    }
  }
}
