/**
 * Where the datagrams of one stream go and come from. The client has a socket for each stream, the server one for all
 * of them, on the port that it listens on, so that the way through firewalls and NAT is that of the control connection.
 */
import type { Network } from '../../net/network.js';
import type { UdpBindOptions, UdpSender, UdpSocket } from '../../net/udp-socket.js';
import { parseStreamGreeting } from './protocol.js';
import type { StreamEnds } from './stream.js';

/** The greeting is said again after this time, until it is answered. */
const GREETING_EVERY_MS = 250;
const MAX_GREETING_BYTES = 100;

export interface DatagramPath extends StreamEnds {
  send(datagram: Uint8Array): void;
  /** Set by the stream. */
  onDatagram: (datagram: Buffer) => void;
  onError: (error: Error) => void;
  destroy(): void;
}

type Greeting = NonNullable<ReturnType<typeof parseStreamGreeting>>;

function greetingOf(datagram: Buffer): Greeting | undefined {
  return datagram.length > MAX_GREETING_BYTES ? undefined : parseStreamGreeting(datagram.toString('latin1'));
}

function bound(network: Network, where: UdpBindOptions): Promise<UdpSocket> {
  const socket = network.createUdpSocket({ program: 'iperf' });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(where, () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

export class ClientPath implements DatagramPath {
  onDatagram: (datagram: Buffer) => void = () => {};
  onError: (error: Error) => void = () => {};
  readonly remoteAddress: string;
  readonly remotePort: number;
  private readonly network: Network;
  private readonly socket: UdpSocket;
  private readonly local: { readonly address: string; readonly port: number };
  private closed = false;

  /** From the same address as the control connection. Throws the error of the socket. */
  static async open(
    network: Network,
    remote: { readonly address: string; readonly port: number },
    localAddress: string | undefined,
  ): Promise<ClientPath> {
    const socket = await bound(network, { address: localAddress });
    return new ClientPath(network, socket, remote);
  }

  private constructor(
    network: Network,
    socket: UdpSocket,
    remote: { readonly address: string; readonly port: number },
  ) {
    this.network = network;
    this.socket = socket;
    this.remoteAddress = remote.address;
    this.remotePort = remote.port;
    this.socket.connect(remote.port, remote.address);
    this.socket.on('error', (error) => this.onError(error));
    this.socket.on('message', (datagram) => this.onDatagram(datagram));
    this.local = this.socket.address();
  }

  get localAddress(): string | undefined {
    return this.local.address;
  }

  get localPort(): number | undefined {
    return this.local.port;
  }

  /** Resolves when the server knows the stream; rejects with the signal's reason, or the error of the socket. */
  async greet(greeting: string, signal: AbortSignal): Promise<void> {
    const answered = new AbortController();
    const failed = new Promise<never>((_, reject) => {
      this.onError = reject;
    });
    // Data tells the same: the server has begun.
    this.onDatagram = () => answered.abort();
    const either = AbortSignal.any([answered.signal, signal]);
    while (!either.aborted) {
      this.send(Buffer.from(greeting));
      await Promise.race([this.network.sleep(GREETING_EVERY_MS, either).catch(() => {}), failed]);
    }
    signal.throwIfAborted();
  }

  send(datagram: Uint8Array): void {
    // What the stack refuses at once, for want of a route, is lost like all else that does not arrive.
    if (!this.closed) this.socket.send(datagram, () => {});
  }

  destroy(): void {
    if (this.closed) return;
    this.closed = true;
    this.socket.close();
  }
}

export class ServerPaths {
  private readonly socket: UdpSocket;
  private readonly greeted: (greeting: Greeting, path: DatagramPath) => boolean;
  private readonly paths = new Map<string, ServerPath>();

  /** `greeted`: is it the stream of a test that waits for it? Throws the error of the socket when the port is taken. */
  static async open(
    network: Network,
    port: number,
    greeted: (greeting: Greeting, path: DatagramPath) => boolean,
  ): Promise<ServerPaths> {
    return new ServerPaths(await bound(network, { port }), greeted);
  }

  private constructor(socket: UdpSocket, greeted: (greeting: Greeting, path: DatagramPath) => boolean) {
    this.socket = socket;
    this.greeted = greeted;
    socket.on('error', () => {});
    socket.on('message', (datagram, from) => this.arrived(datagram, from));
  }

  close(): void {
    this.socket.close();
  }

  private arrived(datagram: Buffer, from: UdpSender): void {
    const key = `${from.address}:${from.port}`;
    let path = this.paths.get(key);
    const greeting = greetingOf(datagram);
    if (greeting === undefined) {
      path?.onDatagram(datagram);
      return;
    }
    if (path === undefined) {
      path = new ServerPath(this.socket, from, () => this.paths.delete(key));
      if (!this.greeted(greeting, path)) return;
      this.paths.set(key, path);
    }
    // Also when it was answered before: the answer may be lost.
    path.send(datagram);
  }
}

class ServerPath implements DatagramPath {
  onDatagram: (datagram: Buffer) => void = () => {};
  onError: (error: Error) => void = () => {};
  readonly localAddress: string;
  readonly localPort: number;
  private readonly socket: UdpSocket;
  private readonly peer: UdpSender;
  private readonly release: () => void;
  private closed = false;

  constructor(socket: UdpSocket, peer: UdpSender, release: () => void) {
    this.socket = socket;
    this.peer = peer;
    this.release = release;
    this.localAddress = peer.to;
    this.localPort = socket.address().port;
  }

  get remoteAddress(): string {
    return this.peer.address;
  }

  get remotePort(): number {
    return this.peer.port;
  }

  send(datagram: Uint8Array): void {
    if (!this.closed) this.socket.reply(datagram, this.peer);
  }

  destroy(): void {
    this.closed = true;
    this.release();
  }
}
