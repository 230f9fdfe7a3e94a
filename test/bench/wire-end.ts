/** The benchmark in the place of a host: the end of a tunnel, one frame a datagram, and what comes back counted. */
import { createSocket, type Socket } from 'node:dgram';
import type { UdpEndpoint } from '../../devices/control.js';
import { readRecords, recordLength, writeRecord } from '../../devices/stack/wire/native.js';
import { sleep } from './measure.js';

const BUFFER_BYTES = 4 * 1024 * 1024;

export class WireEnd {
  framesIn = 0;
  datagramsIn = 0;
  /** Runs for each frame. */
  onFrame: (packet: Uint8Array) => void = () => {};
  private readonly socket: Socket;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('message', (datagram) => {
      this.datagramsIn += 1;
      readRecords(datagram, (packet) => {
        this.framesIn += 1;
        this.onFrame(packet);
      });
    });
    // The other end may have gone first.
    socket.on('error', () => {});
  }

  static async open(local: UdpEndpoint, remote: UdpEndpoint): Promise<WireEnd> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(local.port, local.address, () => socket.connect(remote.port, remote.address, resolve));
    });
    socket.setRecvBufferSize(BUFFER_BYTES);
    socket.setSendBufferSize(BUFFER_BYTES);
    // A sign of life: the device has found nobody here so far, and sends nothing until it hears something.
    socket.send(new Uint8Array(0));
    return new WireEnd(socket);
  }

  /** A datagram that may be sent again and again. */
  static datagram(packet: Uint8Array): Uint8Array {
    const datagram = new Uint8Array(recordLength(packet));
    writeRecord(datagram, 0, packet);
    return datagram;
  }

  send(datagram: Uint8Array): void {
    this.socket.send(datagram);
  }

  close(): void {
    this.socket.close();
  }
}

export interface Flow {
  readonly framesPerSecond: number;
  /** Share of the frames that were sent. */
  readonly lost: number;
}

/** As many frames as get through while never more than `window` are under way. */
export async function flow(from: WireEnd, to: WireEnd, packet: Uint8Array, ms: number, window: number): Promise<Flow> {
  const datagram = WireEnd.datagram(packet);
  const before = to.framesIn;
  let sent = 0;
  let missing = 0;
  let heardAt = performance.now();
  const startedAt = heardAt;
  to.onFrame = () => {
    heardAt = performance.now();
  };
  for (let now = startedAt; now - startedAt < ms; now = performance.now()) {
    // Frames that are overdue are lost: nobody waits for them.
    if (now - heardAt > 100) {
      missing = sent - (to.framesIn - before);
      heardAt = now;
    }
    for (let burst = 0; burst < 64 && sent - missing - (to.framesIn - before) < window; burst++) {
      from.send(datagram);
      sent += 1;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  const elapsed = performance.now() - startedAt;
  const received = to.framesIn - before;
  await sleep(100);
  to.onFrame = () => {};
  return { framesPerSecond: (received * 1000) / elapsed, lost: 1 - (to.framesIn - before) / sent };
}
