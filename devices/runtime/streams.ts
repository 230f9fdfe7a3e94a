/** TCP connections that the device opens for its clients: `stream-open`, see devices/control/stream.ts. */
import { DialError } from '../apps/connect.js';
import type { Machine } from '../apps/machine.js';
import {
  type ConnectFault,
  invalidParams,
  type ResolvedName,
  type RpcParams,
  type RpcPeer,
  refuse,
  STREAM_WINDOW_BYTES,
  type StreamOpened,
  streamRequest,
} from '../control.js';
import type { TcpSocket } from '../net/tcp-socket.js';

/** So many at once, opening ones included; more are refused with EMFILE. */
export const MAX_STREAMS = 1024;
/** With more than this on its way to the client, nothing is read from the connection: its window closes. */
export const MAX_STREAM_BACKLOG_BYTES = 256 * 1024;
/** The client is told of what was taken in steps of this, and whenever nothing waits. */
const WINDOW_STEP_BYTES = 64 * 1024;

export class Streams {
  private readonly machine: Machine;
  /** Undefined while the connection is being opened. */
  private readonly carried = new Map<RpcPeer, CarriedStream | undefined>();

  constructor(machine: Machine) {
    this.machine = machine;
  }

  async resolve(params: RpcParams): Promise<ResolvedName> {
    const { machine } = this;
    if (typeof params.name !== 'string' || params.name === '') throw invalidParams('resolve takes a text `name`');
    if (machine.resolve === undefined) throw noNetwork(machine);
    const { name, canonicalName, addresses, source } = await machine.resolve(params.name).catch(asRpcError);
    return { name, canonicalName, addresses, source };
  }

  /** Resolves when the connection stands. Refuses with a {@link ConnectFault} when it does not come about. */
  async open(params: RpcParams, peer: RpcPeer): Promise<StreamOpened> {
    const { machine, carried } = this;
    const request = streamRequest(params);
    if (typeof request === 'string') throw invalidParams(request);
    if (machine.connect === undefined) throw noNetwork(machine);
    if (carried.has(peer)) throw invalidParams('this connection carries a stream already: each wants one of its own');
    if (carried.size >= MAX_STREAMS) {
      const message = `${machine.name} carries ${MAX_STREAMS} streams already`;
      throw refuse(message, { code: 'EMFILE', message, stage: 'tcp' } satisfies ConnectFault);
    }
    const gone = new AbortController();
    carried.set(peer, undefined);
    peer.onClose(() => {
      gone.abort(new Error('the client has gone'));
      carried.get(peer)?.clientGone();
      carried.delete(peer);
    });
    try {
      const socket = await machine.connect(request, gone.signal);
      if (gone.signal.aborted) {
        socket.destroy();
        throw gone.signal.reason;
      }
      carried.set(peer, new CarriedStream(socket, peer));
      return {
        local: `${socket.localAddress}:${socket.localPort}`,
        remote: `${socket.remoteAddress}:${socket.remotePort}`,
      };
    } catch (error) {
      carried.delete(peer);
      return asRpcError(error);
    }
  }

  /** The client sends nothing more. */
  end(peer: RpcPeer): void {
    this.carried.get(peer)?.clientEnded();
  }
}

class CarriedStream {
  private readonly socket: TcpSocket;
  private readonly peer: RpcPeer;
  /** The client's bytes that the connection has not taken yet. */
  private waiting = 0;
  /** Taken, and not yet told. */
  private untold = 0;

  constructor(socket: TcpSocket, peer: RpcPeer) {
    this.socket = socket;
    this.peer = peer;
    peer.onBinary((bytes) => this.write(bytes));
    socket.on('data', (bytes: Buffer) => this.send(bytes));
    socket.on('end', () => peer.notify('stream-end', {}));
    socket.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      const fault: ConnectFault = { code: code ?? 'ECONNABORTED', message, stage: 'tcp' };
      peer.notify('stream-error', fault);
    });
  }

  /** As `shutdown` with SHUT_WR: FIN, once all is sent. */
  clientEnded(): void {
    if (!this.socket.destroyed) this.socket.end();
  }

  /** As `close`: what the client has ended in order is still sent, and nothing is read any more. */
  clientGone(): void {
    const { socket } = this;
    if (socket.writableEnded) socket.destroySoon();
    else socket.destroy();
  }

  private send(bytes: Buffer): void {
    const { socket, peer } = this;
    peer.sendBinary(bytes, () => {
      if (socket.isPaused() && peer.backlogBytes <= MAX_STREAM_BACKLOG_BYTES / 2) socket.resume();
    });
    if (peer.backlogBytes > MAX_STREAM_BACKLOG_BYTES) socket.pause();
  }

  private write(bytes: Uint8Array): void {
    this.waiting += bytes.length;
    if (this.waiting > STREAM_WINDOW_BYTES) {
      this.peer.terminate();
      return;
    }
    // A connection that has broken says so by itself, and one that the client has ended takes no more.
    if (this.socket.destroyed || this.socket.writableEnded) return;
    this.socket.write(bytes, () => this.taken(bytes.length));
  }

  private taken(bytes: number): void {
    this.waiting -= bytes;
    this.untold += bytes;
    if (this.socket.destroyed || (this.untold < WINDOW_STEP_BYTES && this.waiting > 0)) return;
    this.peer.notify('stream-window', { bytes: this.untold });
    this.untold = 0;
  }
}

function noNetwork({ name, kind }: Machine): Error {
  return refuse(`${name} is a ${kind}: only hosts, routers and DNS servers have a network`);
}

function asRpcError(error: unknown): never {
  throw error instanceof DialError ? refuse(error.message, error.fault) : error;
}
