/**
 * JSON-RPC 2.0 over WebSocket on a Unix-domain socket (a named pipe on Windows): the transport alone. What the
 * methods do is `device-api.ts`.
 */
import { unlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { WebSocketServer } from 'ws';
import { type RpcMethods, serveRpc } from '../control.js';

/** Requests are small; only output and captures, which go the other way, are large. */
const MAX_MESSAGE_BYTES = 1024 * 1024;

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

  /** Rejects with the system's error when the path cannot be used. */
  async open(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.http.once('error', reject);
      this.http.listen(this.path, resolve);
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
