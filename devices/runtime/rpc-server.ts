/**
 * JSON-RPC 2.0 over WebSocket on a Unix-domain socket (a named pipe on Windows): the transport alone. What the
 * methods do is `device-api.ts`.
 */
import { lstatSync, unlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { WebSocketServer } from 'ws';
import { type RpcMethods, serveRpc } from '../control.js';

/** Requests are small; only output and captures, which go the other way, are large. */
const MAX_MESSAGE_BYTES = 1024 * 1024;

/** A socket that is there but refuses: nobody listens on it any more. */
async function isAbandoned(path: string): Promise<boolean> {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return false;
  return await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.on('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}

export class RpcServer {
  private readonly path: string;
  private readonly http: Server;
  private readonly sockets: WebSocketServer;

  constructor(path: string, methods: RpcMethods) {
    this.path = path;
    this.http = createServer((_request, response) => {
      response.writeHead(426, { Connection: 'close' }).end('This socket speaks JSON-RPC over WebSocket.\n');
    });
    this.sockets = new WebSocketServer({ server: this.http, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false });
    this.sockets.on('connection', (socket) => serveRpc(socket, methods));
    // The WebSocketServer repeats the HTTP server's errors; open() reports them.
    this.sockets.on('error', () => {});
  }

  /** Rejects with the system's error when the path cannot be used. The socket of a process that was killed can be. */
  async open(): Promise<void> {
    try {
      await this.listen();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || !(await isAbandoned(this.path))) throw error;
      unlinkSync(this.path);
      await this.listen();
    }
  }

  private async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.http.once('error', reject);
      this.http.listen(this.path, () => {
        this.http.off('error', reject);
        resolve();
      });
    });
  }

  close(): void {
    for (const client of this.sockets.clients) client.close(1001);
    this.sockets.close();
    this.http.close();
    try {
      unlinkSync(this.path);
    } catch {
      // Node removes the socket file itself on most systems.
    }
  }
}
