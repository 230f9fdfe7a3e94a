/**
 * One end of a link in the operating system: a UDP socket that is bound and then connected, so that the kernel drops
 * what anybody but the peer sends. Frames that become ready in one turn of the event loop leave in one datagram.
 */
import { createSocket, type Socket } from 'node:dgram';
import type { TunnelConfig } from '../control.js';
import type { Port } from '../stack/link/port.js';
import { MAX_DATAGRAM_LENGTH, readRecords, recordLength, writeRecord } from '../stack/wire/native.js';

/** Room for bursts. The system may grant less (net.core.rmem_max); what overflows is lost, as on a real link. */
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;
/** How often a link without carrier is tried again. */
const PROBE_INTERVAL_MS = 100;
const EMPTY = new Uint8Array(0);

export class Tunnel {
  readonly port: Port;
  datagramsIn = 0;
  datagramsOut = 0;
  private readonly config: TunnelConfig;
  private readonly onPacket: (port: Port, packet: Uint8Array) => void;
  private readonly socket: Socket;
  private queue: Uint8Array[] = [];
  private queuedBytes = 0;
  private flushing = false;
  private closed = false;
  private probe: NodeJS.Timeout | undefined;
  /** A refusal since the last probe: the peer is still away. */
  private refused = false;

  constructor(port: Port, config: TunnelConfig, onPacket: (port: Port, packet: Uint8Array) => void) {
    this.port = port;
    this.config = config;
    this.onPacket = onPacket;
    this.socket = createSocket({ type: 'udp4' });
  }

  /** Binds and connects. Rejects with the system's error (EADDRINUSE, EADDRNOTAVAIL) when that fails. */
  async open(): Promise<void> {
    const { local, remote } = this.config;
    await new Promise<void>((resolve, reject) => {
      this.socket.once('error', reject);
      this.socket.bind({ address: local.address, port: local.port, exclusive: true }, () => {
        this.socket.connect(remote.port, remote.address, () => {
          this.socket.off('error', reject);
          resolve();
        });
      });
    });
    this.enlargeBuffers();
    this.socket.on('error', (error) => this.failed(error));
    this.socket.on('message', (datagram) => this.received(datagram));
    this.port.transmit = (packet) => this.send(packet);
    this.sayHello();
  }

  close(): void {
    if (this.closed) return;
    this.flush();
    this.closed = true;
    clearInterval(this.probe);
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
    const length = recordLength(packet);
    if (this.queuedBytes + length > MAX_DATAGRAM_LENGTH) this.flush();
    this.queue.push(packet);
    this.queuedBytes += length;
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
    const datagram = Buffer.allocUnsafe(this.queuedBytes);
    let at = 0;
    for (const packet of this.queue) at = writeRecord(datagram, at, packet);
    const frames = this.queue.length;
    this.queue = [];
    this.queuedBytes = 0;
    this.datagramsOut += 1;
    this.socket.send(datagram, (error) => {
      if (error === null) return;
      for (let i = 0; i < frames; i++) this.port.countDrop('out', sendFault(error));
      this.failed(error);
    });
  }

  private received(datagram: Uint8Array): void {
    if (!this.port.carrier) this.carrierUp();
    if (datagram.length === 0) return;
    this.datagramsIn += 1;
    // A plain array: each view of a Buffer costs several times as much, and every layer takes one.
    const bytes = new Uint8Array(datagram.buffer, datagram.byteOffset, datagram.length);
    const whole = readRecords(bytes, (packet) => this.onPacket(this.port, packet));
    if (!whole) this.port.countDrop('in', 'badRecord');
  }

  /** ECONNREFUSED is how the kernel says that nobody is bound at the other end: the cable is not plugged in there. */
  private failed(error: Error): void {
    if (this.closed || (error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') return;
    this.refused = true;
    if (this.probe !== undefined) return;
    this.port.setCarrier(false);
    this.probe = setInterval(() => {
      if (this.refused) {
        this.refused = false;
        this.sayHello();
      } else {
        this.carrierUp();
      }
    }, PROBE_INTERVAL_MS);
    this.probe.unref();
  }

  private carrierUp(): void {
    clearInterval(this.probe);
    this.probe = undefined;
    this.refused = false;
    this.port.setCarrier(true);
  }

  private sayHello(): void {
    this.socket.send(EMPTY, (error) => {
      if (error !== null) this.failed(error);
    });
  }
}

function sendFault(error: Error): string {
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
