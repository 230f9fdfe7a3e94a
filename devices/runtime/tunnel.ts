/**
 * One end of a link in the operating system: a UDP socket, bound, and connected where the peer's port is fixed, so that
 * the kernel drops what anybody else sends. What leaves in one turn of the event loop leaves together.
 *
 * A port sees whole packets; encapsulation.ts says what goes into the datagrams.
 */

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { crc32 } from 'node:zlib';
import type { TunnelConfig } from '../control.js';
import type { DropReason } from '../stack/drop-reasons.js';
import type { Port } from '../stack/link/port.js';
import { Carrier } from './carrier.js';
import { type Encapsulation, encapsulationOf } from './encapsulation.js';

/** Room for bursts. The system may grant less (net.core.rmem_max); what overflows is lost, as on a real link. */
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;

/** As it is now, before a program of the device might be led by it (programs.ts). */
const createOwnSocket = createSocket;

export type PacketReceiver = (port: Port, packet: Uint8Array) => void;

export class Tunnel {
  readonly config: TunnelConfig;
  /** All that the peer has sent, whatever was in it. */
  datagramsIn = 0;
  datagramsOut = 0;
  private readonly encapsulation: Encapsulation;
  private readonly socket: Socket;
  private readonly carrier: Carrier;
  private port: Port | undefined;
  private queue: Uint8Array[] = [];
  private flushing = false;
  private closed = false;

  constructor(config: TunnelConfig) {
    this.config = config;
    this.encapsulation = encapsulationOf(config, crc32);
    // Addresses are numbers: nobody is asked for names, which would put off each datagram by a turn.
    this.socket = createOwnSocket({ type: 'udp4', lookup: (address, _options, done) => done(null, address, 4) });
    this.carrier = new Carrier(
      () => this.say(this.encapsulation.probe),
      (up) => this.port?.setCarrier(up),
    );
  }

  /** Whether it carries the packets of the port of that name. */
  carries(portName: string): boolean {
    return this.port?.name === portName;
  }

  /**
   * Takes the UDP port. Rejects with the system's error when that fails, and lets go of the socket: EADDRINUSE,
   * EADDRNOTAVAIL (the address is not of this machine), EACCES, EINVAL (the peer cannot be reached from there).
   */
  async bind(): Promise<void> {
    const { local, remote } = this.config;
    try {
      await new Promise<void>((resolve, reject) => {
        this.socket.once('error', reject);
        this.socket.once('connect', resolve);
        this.socket.bind({ address: local.address, port: local.port, exclusive: true }, () => {
          if (this.encapsulation.peerPortIsFixed) this.socket.connect(remote.port, remote.address);
          else resolve();
        });
      });
    } catch (error) {
      this.close();
      throw error;
    }
    this.socket.removeAllListeners('error');
    this.enlargeBuffers();
    this.socket.on('error', (error) => this.failed(error));
  }

  /** Plugs the cable in. Once, after {@link bind}; what came before is lost. */
  plugInto(port: Port, onPacket: PacketReceiver): void {
    this.port = port;
    port.transmit = (packet) => this.send(packet);
    this.socket.on('message', (datagram, peer) => this.received(port, datagram, peer, onPacket));
    this.say(this.encapsulation.greeting);
  }

  /** What was sent before still leaves. May be called more than once. */
  close(): void {
    if (this.closed) return;
    this.flush();
    this.closed = true;
    this.carrier.stop();
    this.socket.close();
  }

  private enlargeBuffers(): void {
    try {
      this.socket.setRecvBufferSize(SOCKET_BUFFER_BYTES);
      this.socket.setSendBufferSize(SOCKET_BUFFER_BYTES);
    } catch {
      // Some systems refuse instead of granting less: the default size works, with shorter bursts.
    }
  }

  private send(packet: Uint8Array): void {
    if (this.closed) return;
    this.queue.push(packet);
    if (this.flushing) return;
    this.flushing = true;
    // The check phase comes right after the phase that is running: nothing waits, and all that is ready rides along.
    setImmediate(() => {
      this.flushing = false;
      this.flush();
    });
  }

  private flush(): void {
    if (this.queue.length === 0 || this.closed) return;
    const packets = this.queue;
    this.queue = [];
    for (const { bytes, frames } of this.encapsulation.wrap(packets, (reason) => this.dropped(reason, 1))) {
      this.datagramsOut += 1;
      this.emit(bytes, (error) => {
        if (error === null) return;
        this.dropped(sendFault(error), frames);
        this.failed(error);
      });
    }
  }

  private emit(bytes: Uint8Array | readonly Uint8Array[], done: (error: Error | null) => void): void {
    if (this.encapsulation.peerPortIsFixed) this.socket.send(bytes, done);
    else this.socket.send(bytes, this.config.remote.port, this.config.remote.address, done);
  }

  private dropped(reason: DropReason, frames: number): void {
    for (let i = 0; i < frames; i++) this.port?.countDrop('out', reason);
  }

  private received(port: Port, datagram: Uint8Array, peer: RemoteInfo, onPacket: PacketReceiver): void {
    if (this.closed) return;
    if (!this.isFromPeer(peer)) {
      port.countDrop('in', 'stranger');
      return;
    }
    this.carrier.heard();
    // A greeting.
    if (datagram.length === 0 && this.encapsulation.greeting !== undefined) return;
    this.datagramsIn += 1;
    // A plain array: each view of a Buffer costs several times as much, and every layer takes one.
    const bytes = new Uint8Array(datagram.buffer, datagram.byteOffset, datagram.length);
    const fault = this.encapsulation.unwrap(bytes, (packet) => onPacket(port, packet));
    if (fault !== undefined) port.countDrop('in', fault);
  }

  /** A connected socket may hold what came between its bind and its connect; one that is not connected hears all. */
  private isFromPeer(peer: RemoteInfo): boolean {
    const { remote } = this.config;
    return peer.address === remote.address && (!this.encapsulation.peerPortIsFixed || peer.port === remote.port);
  }

  private failed(error: Error): void {
    if (!this.closed && (error as NodeJS.ErrnoException).code === 'ECONNREFUSED') this.carrier.refused();
  }

  private say(something: Uint8Array | undefined): void {
    if (something === undefined || this.closed) return;
    this.emit(something, (error) => {
      if (error !== null) this.failed(error);
    });
  }
}

function sendFault(error: Error): DropReason {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ECONNREFUSED':
      return 'noCarrier';
    case 'ENOBUFS':
    case 'EAGAIN':
      return 'socketFull';
    default:
      return 'sendFailed';
  }
}
