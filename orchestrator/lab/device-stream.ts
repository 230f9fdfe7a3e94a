/**
 * A TCP connection of a device, as a stream of this process: `stream-open` of the control protocol on a control connection
 * of its own. Back-pressure goes all the way: what is not read here closes the window of the emulated connection, and what
 * its peer does not read holds the writer back.
 */
import { Duplex } from 'node:stream';
import {
  type ConnectFault,
  RpcError,
  STREAM_WINDOW_BYTES,
  type StreamOpened,
  type StreamRequest,
  type StreamWindow,
} from '../../devices/control.js';
import { RpcClient } from './rpc-client.js';

type Done = (error?: Error | null) => void;

/** The device could not connect, or its connection has broken. */
export class ConnectError extends Error {
  readonly code: string;
  readonly fault: ConnectFault;

  constructor(fault: ConnectFault) {
    super(fault.message);
    this.name = 'ConnectError';
    this.code = fault.code;
    this.fault = fault;
  }
}

/** What the device refused with, when it says why. */
export function connectErrorOf(error: unknown): unknown {
  return error instanceof RpcError && isFault(error.data) ? new ConnectError(error.data) : error;
}

function isFault(data: unknown): data is ConnectFault {
  const { code, message, stage } = (data ?? {}) as Partial<ConnectFault>;
  return typeof code === 'string' && typeof message === 'string' && typeof stage === 'string';
}

const DEVICE_GONE: ConnectFault = {
  code: 'ENETDOWN',
  message: 'the device that would connect does not answer: it has ended, is paused or overloaded',
  stage: 'routing',
};

export class DeviceStream extends Duplex {
  /** On the emulated network, as `192.0.2.1:40000`. */
  readonly local: string = '';
  readonly remote: string = '';
  private readonly client: RpcClient;
  /** Bytes that the device has room for. */
  private room = STREAM_WINDOW_BYTES;
  private unsent: { bytes: Uint8Array; done: Done } | undefined;

  private constructor(client: RpcClient) {
    // Each side ends by itself, as the connection's.
    super({ allowHalfOpen: true });
    this.client = client;
    client.onBinary = (bytes) => {
      if (!this.push(bytes)) client.pause();
    };
    client.onClose = () => this.broken({ code: 'ECONNRESET', message: 'the device has ended', stage: 'tcp' });
    // Who listens too late still hears 'close': an error that nobody hears must not end the process.
    this.on('error', () => {});
    client.notifications.set('stream-end', () => {
      this.push(null);
      // Noticed also while nobody reads, as the end of a Node socket is.
      this.read(0);
    });
    client.notifications.set('stream-error', (fault: ConnectFault) => this.broken(fault));
    client.notifications.set('stream-window', ({ bytes }: StreamWindow) => {
      this.room += bytes;
      this.sendMore();
    });
  }

  /**
   * Opens a connection of the device that listens for control at `path`. Rejects with {@link ConnectError}, which has the
   * code ENETDOWN when the device itself does not answer, or with the signal's reason.
   */
  static async open(path: string, request: StreamRequest, signal?: AbortSignal): Promise<DeviceStream> {
    const client = await RpcClient.connect(path).catch(() => {
      throw new ConnectError(DEVICE_GONE);
    });
    return DeviceStream.over(client, request, signal);
  }

  /** As {@link open}, over a control connection of its own, which it ends. */
  static async over(client: RpcClient, request: StreamRequest, signal?: AbortSignal): Promise<DeviceStream> {
    const abort = () => client.terminate();
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) abort();
    try {
      // Made first: the peer's first bytes may come together with the answer.
      const stream = new DeviceStream(client);
      Object.assign(stream, await client.call<StreamOpened>('stream-open', request));
      // So may its end.
      if (stream.errored) throw stream.errored;
      return stream;
    } catch (error) {
      client.terminate();
      throw signal?.aborted ? signal.reason : connectErrorOf(error);
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  override _read(): void {
    this.client.resume();
  }

  override _write(bytes: Uint8Array, _encoding: BufferEncoding, done: Done): void {
    this.unsent = { bytes, done };
    this.sendMore();
  }

  /** As much as the device has room for; the writer goes on when all is sent. */
  private sendMore(): void {
    while (this.unsent !== undefined && this.room > 0) {
      const { bytes, done } = this.unsent;
      const piece = bytes.subarray(0, this.room);
      this.room -= piece.length;
      this.client.sendBinary(piece);
      this.unsent = piece.length === bytes.length ? undefined : { bytes: bytes.subarray(piece.length), done };
      if (this.unsent === undefined) done();
    }
  }

  override _final(done: Done): void {
    this.client.notify('stream-end', {});
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    const { client } = this;
    client.onClose = undefined;
    // In order when both sides have ended; else the device hears of it at once, and closes.
    if (this.readableEnded && this.writableFinished) client.close();
    else client.terminate();
    this.unsent?.done(error);
    this.unsent = undefined;
    done(error);
  }

  private broken(fault: ConnectFault): void {
    if (!this.destroyed) this.destroy(new ConnectError(fault));
  }
}
