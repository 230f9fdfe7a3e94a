/**
 * JSON-RPC 2.0 over WebSocket on a Unix-domain socket (a named pipe on Windows): the transport alone. What the
 * methods do is `device-api.ts`.
 */
import { unlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import {
  RPC_INTERNAL_ERROR,
  RPC_INVALID_PARAMS,
  RPC_INVALID_REQUEST,
  RPC_METHOD_NOT_FOUND,
  RPC_PARSE_ERROR,
  RPC_REFUSED,
} from '../control.js';

/** Requests are small; only output and captures, which go the other way, are large. */
const MAX_MESSAGE_BYTES = 1024 * 1024;

export type RpcParams = Readonly<Record<string, unknown>>;

/** What a method throws to have its caller see the message. */
export class RpcError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'RpcError';
    this.code = code;
  }
}

export function refuse(message: string): RpcError {
  return new RpcError(RPC_REFUSED, message);
}

export function invalidParams(message: string): RpcError {
  return new RpcError(RPC_INVALID_PARAMS, message);
}

/** One connected client, as a method sees it. */
export interface RpcPeer {
  notify(method: string, params: object): void;
  sendBinary(bytes: Uint8Array): void;
  /** Bytes that wait to be written to the client: a slow reader. */
  readonly backlogBytes: number;
  /** Runs when the client has gone. */
  onClose(run: () => void): void;
}

export type RpcMethod = (params: RpcParams, peer: RpcPeer) => unknown;

export class RpcServer {
  private readonly methods: Readonly<Record<string, RpcMethod>>;
  private readonly path: string;
  private readonly http: Server;
  private readonly sockets: WebSocketServer;

  constructor(path: string, methods: Readonly<Record<string, RpcMethod>>) {
    this.path = path;
    this.methods = methods;
    this.http = createServer((_request, response) => {
      response.writeHead(426, { Connection: 'close' }).end('This socket speaks JSON-RPC over WebSocket.\n');
    });
    this.sockets = new WebSocketServer({ server: this.http, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false });
    this.sockets.on('connection', (socket) => this.serve(socket));
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

  private serve(socket: WebSocket): void {
    const closers: (() => void)[] = [];
    const peer: RpcPeer = {
      notify: (method, params) => socket.send(JSON.stringify({ jsonrpc: '2.0', method, params })),
      sendBinary: (bytes) => socket.send(bytes),
      get backlogBytes() {
        return socket.bufferedAmount;
      },
      onClose: (run) => closers.push(run),
    };
    socket.on('message', (data, isBinary) => void this.handle(socket, peer, data, isBinary));
    socket.on('close', () => {
      for (const run of closers) run();
    });
    socket.on('error', () => socket.terminate());
  }

  private async handle(socket: WebSocket, peer: RpcPeer, data: RawData, isBinary: boolean): Promise<void> {
    const reply = (id: unknown, body: object) => socket.send(JSON.stringify({ jsonrpc: '2.0', id, ...body }));
    let request: { jsonrpc?: unknown; id?: unknown; method?: unknown; params?: unknown };
    try {
      if (isBinary) throw new Error('binary');
      request = JSON.parse(data.toString());
    } catch {
      reply(null, { error: { code: RPC_PARSE_ERROR, message: 'not JSON' } });
      return;
    }
    const id = request?.id;
    if (request?.jsonrpc !== '2.0' || typeof request.method !== 'string' || !isParams(request.params)) {
      reply(id ?? null, { error: { code: RPC_INVALID_REQUEST, message: 'not a JSON-RPC 2.0 request' } });
      return;
    }
    try {
      const method = Object.hasOwn(this.methods, request.method) ? this.methods[request.method] : undefined;
      if (method === undefined) throw new RpcError(RPC_METHOD_NOT_FOUND, `no method ${request.method}`);
      const result = await method(request.params ?? {}, peer);
      if (id !== undefined) reply(id, { result: result ?? null });
    } catch (error) {
      if (id === undefined) return;
      const code = error instanceof RpcError ? error.code : RPC_INTERNAL_ERROR;
      reply(id, { error: { code, message: error instanceof Error ? error.message : String(error) } });
    }
  }
}

function isParams(value: unknown): value is RpcParams | undefined {
  return value === undefined || (typeof value === 'object' && value !== null && !Array.isArray(value));
}
