/** A UDP port with the events and methods of `dgram.Socket`. */
import { EventEmitter } from 'node:events';
import { StackError } from '../stack/errors.js';
import type { IcmpErrorReport } from '../stack/ip/ipv4.js';
import type { UdpAddress, UdpEndpoint, UdpSource } from '../stack/transport/udp.js';
import { formatIpv4, parseIpv4 } from '../stack/wire/address.js';
import { literalAddress } from './connect-options.js';
import type { Network } from './network.js';
import { callError, checkPort, endpointError, nameNotFound, type SocketError, usageError } from './socket-errors.js';

export interface UdpSocketOptions {
  /** Shown in the sockets table. */
  readonly program?: string;
  /** The port may be bound by several sockets that all say so. */
  readonly reuseAddr?: boolean;
  /** Closes the socket when it aborts. */
  readonly signal?: AbortSignal;
}

export interface UdpBindOptions {
  /** 0 … 65535; 0, the default, takes a free port. */
  readonly port?: number;
  /** An own address as dotted text. Default: all of the machine. */
  readonly address?: string;
  /** Only what comes and goes by this interface, `eth0`: even before it has an address. */
  readonly interface?: string;
}

/** Where a datagram came from. */
export interface UdpSender {
  readonly address: string;
  readonly family: 'IPv4';
  readonly port: number;
  /** Bytes of the datagram. */
  readonly size: number;
  /** The interface by which it came; undefined when the machine sent it to itself. */
  readonly interface: string | undefined;
  /** The address that it was sent to: one of this machine's, or a broadcast. */
  readonly to: string;
}

/** An ICMP error about a datagram of this socket, connected or not: what Linux gives with IP_RECVERR. */
export interface UdpIcmpError {
  readonly type: number;
  readonly code: number;
  /** Who says so. */
  readonly from: string;
  /** To whom the datagram was sent. */
  readonly address: string;
  readonly port: number;
}

interface UdpSocketEvents {
  listening: [];
  connect: [];
  message: [bytes: Buffer, from: UdpSender];
  icmpError: [error: UdpIcmpError];
  error: [error: SocketError];
  close: [];
}

type SendCallback = (error: Error | null, bytes?: number) => void;
type Payload = string | NodeJS.ArrayBufferView | readonly (string | NodeJS.ArrayBufferView)[];

export class UdpSocket extends EventEmitter<UdpSocketEvents> {
  private readonly network: Network;
  private readonly options: UdpSocketOptions;
  private endpoint: UdpEndpoint | undefined;
  private closed = false;
  private broadcast = false;
  private ttl: number | undefined;

  constructor(network: Network, options: UdpSocketOptions = {}) {
    super();
    this.network = network;
    this.options = options;
    const { signal } = options;
    if (signal === undefined) return;
    const abort = () => void (this.closed || this.close());
    if (signal.aborted) process.nextTick(abort);
    else {
      signal.addEventListener('abort', abort, { once: true });
      this.once('close', () => signal.removeEventListener('abort', abort));
    }
  }

  /** Takes a port; 'listening' follows, or 'error': EADDRINUSE, EADDRNOTAVAIL, ENODEV. Throws when bound already. */
  bind(port?: number | UdpBindOptions | (() => void), address?: string | (() => void), callback?: () => void): this {
    this.checkOpen();
    if (this.endpoint !== undefined) throw usageError('ERR_SOCKET_ALREADY_BOUND', 'Socket is already bound');
    const listener = [port, address, callback].find((argument) => typeof argument === 'function');
    const options: UdpBindOptions =
      typeof port === 'object'
        ? port
        : {
            port: typeof port === 'number' ? port : 0,
            address: typeof address === 'string' ? address : undefined,
          };
    if (listener !== undefined) this.once('listening', listener as () => void);
    const error = this.take(options);
    process.nextTick(() => {
      if (error !== undefined) this.emit('error', error);
      else if (!this.closed) this.emit('listening');
    });
    return this;
  }

  private take(options: UdpBindOptions): SocketError | undefined {
    const port = checkPort(options.port ?? 0);
    const text = options.address || '0.0.0.0';
    const address = literalAddress(text);
    if (address === undefined) return nameNotFound(text);
    const nic = options.interface === undefined ? undefined : this.network.stack.nic(options.interface);
    if (options.interface !== undefined && nic === undefined) return endpointError('bind', 'ENODEV', text, port);
    const { program, reuseAddr: reuse } = this.options;
    try {
      const endpoint = this.network.perform(() => this.network.stack.udp.bind({ address, port, nic, program, reuse }));
      endpoint.onDatagram = (payload, from) => {
        if (!endpoint.hold(payload)) return;
        setImmediate(() => {
          endpoint.letGo(payload);
          if (!this.closed) this.receive(payload, from);
        });
      };
      endpoint.onError = (error) => this.later(() => this.emit('error', callError('recvmsg', error.code)));
      endpoint.onIcmpError = (report, to) => this.later(() => this.emit('icmpError', describeError(report, to)));
      this.endpoint = endpoint;
      return undefined;
    } catch (error) {
      if (!(error instanceof StackError)) throw error;
      return endpointError('bind', error.code, text, port);
    }
  }

  /** News leaves the stack for a turn of the event loop of its own; a closed socket hears nothing. */
  private later(news: () => void): void {
    setImmediate(() => {
      if (!this.closed) news();
    });
  }

  private receive(payload: Uint8Array, from: UdpSource): void {
    this.emit('message', Buffer.from(payload.buffer, payload.byteOffset, payload.length), {
      address: formatIpv4(from.address),
      family: 'IPv4',
      port: from.port,
      size: payload.length,
      interface: from.nic?.name,
      to: formatIpv4(from.to),
    });
  }

  /**
   * Fixes the peer: only its datagrams are received, ICMP errors about it come as 'error' (`recvmsg ECONNREFUSED`).
   * Emits 'connect'. Binds a free port first where none is bound.
   */
  connect(port: number, address?: string | (() => void), callback?: () => void): void {
    this.checkOpen();
    const remotePort = checkPort(port, 'Port', false);
    if (this.endpoint?.remote !== undefined) throw usageError('ERR_SOCKET_DGRAM_IS_CONNECTED', 'Already connected');
    const listener = typeof address === 'function' ? address : callback;
    if (listener !== undefined) this.once('connect', listener);
    const text = typeof address === 'string' && address !== '' ? address : '127.0.0.1';
    const remote = literalAddress(text);
    const error = remote === undefined ? nameNotFound(text) : this.bindIfNeeded();
    if (error === undefined && remote !== undefined) this.endpoint?.connect({ address: remote, port: remotePort });
    process.nextTick(() => {
      if (this.closed) return;
      if (error !== undefined) this.emit('error', error);
      else this.emit('connect');
    });
  }

  /** Undoes {@link connect}. */
  disconnect(): void {
    this.checkOpen();
    this.connected().connect(undefined);
  }

  /**
   * `send(msg, port, address, callback)`, `send(msg, callback)` once connected, and both with offset and length
   * after the message. Errors go to the callback, without one to 'error': EACCES for a broadcast without
   * {@link setBroadcast}, EMSGSIZE over 65,507 bytes, ENETUNREACH, EHOSTUNREACH.
   */
  send(message: Payload, ...args: (number | string | SendCallback | null | undefined)[]): void {
    this.checkOpen();
    const { endpoint } = this;
    const isConnected = endpoint?.remote !== undefined;
    const callback = args.find((argument) => typeof argument === 'function') as SendCallback | undefined;
    const plain = args.filter((argument) => typeof argument !== 'function');
    const sliced = isConnected ? typeof plain[1] === 'number' : typeof plain[2] === 'number';
    const bytes = gather(message);
    const payload = sliced ? slice(bytes, Number(plain[0]), Number(plain[1])) : bytes;
    const [port, address] = sliced ? plain.slice(2) : plain;
    // As Node: without offset and length, port and address of a connected socket are not even looked at.
    if (isConnected && sliced && (port || address)) {
      throw usageError('ERR_SOCKET_DGRAM_IS_CONNECTED', 'Already connected');
    }
    const to = isConnected ? endpoint?.remote : undefined;
    const error =
      to !== undefined
        ? this.transmit(payload, to, formatIpv4(to.address))
        : this.transmitTo(payload, checkPort(port, 'Port', false), address);
    process.nextTick(() => {
      if (callback !== undefined) error === undefined ? callback(null, payload.length) : callback(error);
      else if (error !== undefined && !this.closed) this.emit('error', error);
    });
  }

  private transmitTo(
    payload: Uint8Array,
    port: number,
    address: number | string | SendCallback | null | undefined,
  ): SocketError | undefined {
    const text = typeof address === 'string' && address !== '' ? address : '127.0.0.1';
    const literal = literalAddress(text);
    if (literal === undefined) return nameNotFound(text);
    return this.bindIfNeeded() ?? this.transmit(payload, { address: literal, port }, text);
  }

  private transmit(payload: Uint8Array, to: UdpAddress, text: string): SocketError | undefined {
    const { broadcast, ttl, endpoint } = this;
    const error = this.network.perform(() => endpoint?.send(payload, to, { broadcast, ttl }));
    return error && endpointError('send', error.code, text, to.port);
  }

  /**
   * Answers a datagram from the address that it was sent to, as servers with several addresses must. Returns what is
   * known at once: EADDRNOTAVAIL for a datagram that was sent to more than this machine, EINVAL for one from port 0.
   */
  reply(message: Uint8Array, { address, port, to }: UdpSender): SocketError | undefined {
    this.checkOpen();
    const from = parseIpv4(to);
    const peer = parseIpv4(address);
    if (from === undefined || peer === undefined || !this.network.stack.ipv4.isLocal(from)) {
      return endpointError('send', 'EADDRNOTAVAIL', to, port);
    }
    const { endpoint, ttl } = this;
    const error = this.network.perform(() => endpoint?.send(gather(message), { address: peer, port }, { ttl, from }));
    return error && endpointError('send', error.code, address, port);
  }

  private bindIfNeeded(): SocketError | undefined {
    if (this.endpoint !== undefined) return undefined;
    const error = this.take({ port: 0 });
    if (error === undefined) process.nextTick(() => this.closed || this.emit('listening'));
    return error;
  }

  /** Frees the port; 'close' follows. Throws when closed already. */
  close(callback?: () => void): this {
    this.checkOpen();
    if (callback !== undefined) this.once('close', callback);
    this.closed = true;
    const { endpoint } = this;
    if (endpoint !== undefined) this.network.perform(() => endpoint.close());
    process.nextTick(() => this.emit('close'));
    return this;
  }

  /** Throws `getsockname EBADF` while it is not bound. */
  address(): { address: string; family: 'IPv4'; port: number } {
    this.checkOpen();
    if (this.endpoint === undefined) throw callError('getsockname', 'EBADF');
    return describe(this.endpoint.local);
  }

  /** Throws while it is not connected. */
  remoteAddress(): { address: string; family: 'IPv4'; port: number } {
    this.checkOpen();
    return describe(this.connected().remote as UdpAddress);
  }

  /** Permission to send to broadcast addresses. */
  setBroadcast(allowed: boolean): void {
    this.checkOpen();
    this.broadcast = Boolean(allowed);
  }

  /** Of what is sent from now on: 1 … 255. */
  setTTL(ttl: number): number {
    this.checkOpen();
    if (!Number.isInteger(ttl) || ttl < 1 || ttl > 255) throw callError('setTTL', 'EINVAL');
    this.ttl = ttl;
    return ttl;
  }

  /** Does nothing: the process is kept alive by its tunnels. */
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.closed) await new Promise<void>((resolve) => this.close(resolve));
  }

  private checkOpen(): void {
    if (this.closed) throw usageError('ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running');
  }

  private connected(): UdpEndpoint {
    if (this.endpoint?.remote === undefined) throw usageError('ERR_SOCKET_DGRAM_NOT_CONNECTED', 'Not connected');
    return this.endpoint;
  }
}

/** The program may change its bytes after `send`, and the stack keeps views: hence a copy. */
function gather(message: Payload): Uint8Array {
  if (typeof message === 'string') return Buffer.from(message);
  if (ArrayBuffer.isView(message)) return viewed(message).slice();
  if (Array.isArray(message)) return Buffer.concat(message.map(gather));
  const text = 'The "buffer" argument must be a string, a typed array, a DataView or an array of them.';
  throw usageError('ERR_INVALID_ARG_TYPE', text, TypeError);
}

function viewed(view: NodeJS.ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function slice(bytes: Uint8Array, offset: number, length: number): Uint8Array {
  if (!(offset >= 0 && length >= 0 && offset + length <= bytes.length)) {
    throw usageError('ERR_BUFFER_OUT_OF_BOUNDS', '"length" is outside of buffer bounds', RangeError);
  }
  return bytes.subarray(offset, offset + length);
}

function describe({ address, port }: UdpAddress): { address: string; family: 'IPv4'; port: number } {
  return { address: formatIpv4(address), family: 'IPv4', port };
}

function describeError({ type, code, from }: IcmpErrorReport, to: UdpAddress): UdpIcmpError {
  return { type, code, from: formatIpv4(from), address: formatIpv4(to.address), port: to.port };
}
