/** The client's end of the control protocol (devices/control/rpc.ts): to a device, or to the lab itself. */
import { connect } from 'node:net';
import WebSocket from 'ws';
import { RpcError } from '../../devices/control.js';

const CONNECT_TIMEOUT_MS = 5000;

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

export class RpcClient {
  /** Runs for each notification of that method. */
  readonly notifications = new Map<string, (params: never) => void>();
  onBinary: ((bytes: Uint8Array) => void) | undefined;
  onClose: (() => void) | undefined;
  private readonly socket: WebSocket;
  private readonly pending = new Map<number, Pending>();
  private ids = 0;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.onBinary?.(data);
      else this.received(data.toString());
    });
    socket.on('close', () => this.closed());
    socket.on('error', () => socket.terminate());
  }

  /**
   * Rejects with the system's error (ENOENT, ECONNREFUSED) when nobody listens at `path`; with ETIMEDOUT when who listens
   * does not answer: the system connects to a process that is stopped as to any other.
   */
  static async connect(path: string, limitMs = CONNECT_TIMEOUT_MS): Promise<RpcClient> {
    // A connection of our own: `ws+unix:` URLs cannot name a path with blanks or colons.
    const socket = new WebSocket('ws://localhost/', {
      createConnection: (() => connect(path)) as typeof connect,
      perMessageDeflate: false,
      maxPayload: 256 * 1024 * 1024,
    });
    const client = new RpcClient(socket);
    let limit: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('open', resolve);
        socket.once('error', reject);
        // Not ws's own `handshakeTimeout`: Node does not hand it on to a connection that it did not make.
        limit = setTimeout(() => reject(timedOut('connect', limitMs)), limitMs);
      });
    } catch (error) {
      socket.terminate();
      throw error;
    } finally {
      clearTimeout(limit);
    }
    return client;
  }

  /** Rejects with the peer's RpcError, or with ECONNRESET when the connection closes first; with ETIMEDOUT after a limit. */
  call<Result>(method: string, params: object = {}, limitMs?: number): Promise<Result> {
    if (this.socket.readyState !== WebSocket.OPEN) return Promise.reject(gone(method));
    const id = ++this.ids;
    this.socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return new Promise<Result>((resolve, reject) => {
      this.pending.set(id, { resolve: resolve as (result: unknown) => void, reject });
      if (limitMs === undefined) return;
      const expire = () => {
        this.pending.delete(id);
        reject(timedOut(method, limitMs));
      };
      setTimeout(expire, limitMs).unref();
    });
  }

  notify(method: string, params: object): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ jsonrpc: '2.0', method, params }));
  }

  sendBinary(bytes: Uint8Array): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(bytes);
  }

  /** Reads nothing more, so that the device notices that its output is not wanted so fast. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** In order: what was sent arrives, and the device answers. */
  close(): void {
    this.socket.close();
  }

  /** At once: what is under way may be lost. */
  terminate(): void {
    this.socket.terminate();
  }

  private received(text: string): void {
    const message = JSON.parse(text);
    if (message.id === undefined || message.id === null) {
      this.notifications.get(message.method)?.(message.params as never);
      return;
    }
    const pending = this.pending.get(message.id);
    this.pending.delete(message.id);
    if (message.error !== undefined)
      pending?.reject(new RpcError(message.error.code, message.error.message, message.error.data));
    else pending?.resolve(message.result);
  }

  private closed(): void {
    for (const { reject } of this.pending.values()) reject(gone());
    this.pending.clear();
    this.onClose?.();
  }
}

function timedOut(what: string, limitMs: number): Error {
  return Object.assign(new Error(`${what}: no answer within ${limitMs} ms`), { code: 'ETIMEDOUT' });
}

function gone(what?: string): Error {
  const head = what === undefined ? '' : `${what}: `;
  return Object.assign(new Error(`${head}the device has closed the connection`), { code: 'ECONNRESET' });
}
