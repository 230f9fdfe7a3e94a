/**
 * Counts and times frames over a link between two devices of a lab: bare frames go in by an external port of the one and
 * come out by an external port of the other. What it sends it numbers.
 *
 *     probe ──udp── left ══ the link that is judged ══ right ──udp── probe
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { InterfaceRow } from '../../devices/control.js';
import { RpcClient } from '../../orchestrator/lab/rpc-client.js';
import { freePorts } from './free-ports.js';
import { type Netarium, waitFor } from './netarium.js';

const HOST = '127.0.0.1';
/** Frames that may be on their way into the lab at once: far fewer than the system's usual socket buffer holds. */
const BATCH = 40;
const BATCH_LIMIT_MS = 20_000;
const NUMBER_AT = 14;

export interface Arrival {
  readonly number: number;
  /** Milliseconds, of performance.now(). */
  readonly at: number;
}

export class FrameProbe {
  /** In the order in which they came, copies among them. */
  readonly arrivals: Arrival[] = [];
  /** By number. */
  readonly sentAt: number[] = [];
  /** What the link's port had sent at the last reset. */
  private leftBefore = 0;
  /** What the port to the probe had sent then. */
  private rightBefore = 0;
  private readonly net: Netarium;
  private readonly sender: Socket;
  private readonly receiver: Socket;
  private readonly entry: number;
  private readonly clients: { readonly left: RpcClient; readonly right: RpcClient };

  private constructor(
    net: Netarium,
    sockets: readonly [Socket, Socket],
    entry: number,
    clients: { left: RpcClient; right: RpcClient },
  ) {
    this.net = net;
    [this.sender, this.receiver] = sockets;
    this.entry = entry;
    this.clients = clients;
    this.receiver.on('message', (frame) => {
      this.arrivals.push({ number: frame.readUInt32BE(NUMBER_AT), at: performance.now() });
    });
  }

  /** Launches the lab: two hubs, which learn nothing and pass everything. */
  static async open(t: Test, net: Netarium): Promise<FrameProbe> {
    const sockets: [Socket, Socket] = [createSocket('udp4'), createSocket('udp4')];
    for (const socket of sockets) {
      socket.bind(0, HOST);
      await once(socket, 'listening');
    }
    const [entry, exit] = await freePorts(2);
    const far = (device: string, local: number, socket: Socket) =>
      `  - {link: '${device}:2', external: {encap: udp, local: '${HOST}:${local}', remote: '${HOST}:${socket.address().port}'}}`;
    const file = join(net.runDir, 'probe.yaml');
    const lines = ['seed: 7', 'devices: {left: hub, right: hub}', 'links:', '  - left:1 -- right:1'];
    writeFileSync(file, [...lines, far('left', entry, sockets[0]), far('right', exit, sockets[1])].join('\n'));
    const lab = await net.up('probe', file);
    const client = (device: string) => RpcClient.connect(join(net.runDir, lab, `${device}.sock`));
    const clients = { left: await client('left'), right: await client('right') };
    t.teardown(() => {
      for (const socket of sockets) socket.close();
      clients.left.close();
      clients.right.close();
    });
    return new FrameProbe(net, sockets, entry, clients);
  }

  /** `netarium chaos link left right … --from left` */
  async impair(t: Test, ...options: string[]): Promise<void> {
    t.match(await this.net.run('chaos', 'link', 'left', 'right', ...options, '--from', 'left'), { exitStatus: 0 });
  }

  async clear(t: Test): Promise<void> {
    t.match(await this.net.run('chaos', 'clear'), { exitStatus: 0 });
  }

  /** Forgets what it has sent and seen. */
  async reset(): Promise<void> {
    this.arrivals.length = 0;
    this.sentAt.length = 0;
    this.leftBefore = (await this.left()).framesOut;
    this.rightBefore = (await this.right(2)).framesOut;
  }

  /** As fast as the lab takes them. */
  async send(frames: number, bytes = 60): Promise<void> {
    const start = (await this.left(2)).framesIn - this.sentAt.length;
    while (this.sentAt.length < frames) {
      const until = Math.min(frames, this.sentAt.length + BATCH);
      while (this.sentAt.length < until) this.sendOne(bytes);
      const limit = performance.now() + BATCH_LIMIT_MS;
      // Each question takes long enough by itself for the hubs to go on, and this process to read.
      while ((await this.left(2)).framesIn - start < until || (await this.onTheWayHere()) > 0) {
        if (performance.now() > limit) throw new Error(`frames are missing after ${this.arrivals.length} arrivals`);
      }
    }
  }

  /** One every so many milliseconds, more than one at once when the machine was too slow. */
  async pace(frames: number, gapMs: number, bytes = 60): Promise<void> {
    const startedAt = performance.now();
    while (this.sentAt.length < frames) {
      while (this.sentAt.length < frames && performance.now() >= startedAt + this.sentAt.length * gapMs) {
        this.sendOne(bytes);
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Waits until all that has left the link since the reset has come. */
  async settled(): Promise<void> {
    const under = async () => (await this.left()).framesOut - this.leftBefore - this.arrivals.length;
    await waitFor('what left the link', async () => (await under()) === 0);
  }

  /** Waits until so many have come. */
  async received(frames: number): Promise<void> {
    await waitFor(`${frames} frames`, () => this.arrivals.length >= frames);
  }

  /** The row of the port that frames leave by into the link. */
  async left(port: 1 | 2 = 1): Promise<InterfaceRow> {
    return this.row(this.clients.left, port);
  }

  async right(port: 1 | 2 = 1): Promise<InterfaceRow> {
    return this.row(this.clients.right, port);
  }

  /** In the last socket: what overflows there is lost, and the link is not to blame. */
  private async onTheWayHere(): Promise<number> {
    return (await this.right(2)).framesOut - this.rightBefore - this.arrivals.length;
  }

  private async row(client: RpcClient, port: number): Promise<InterfaceRow> {
    const rows = await client.call<InterfaceRow[]>('inspect', { table: 'interfaces' });
    const row = rows.find(({ name }) => name === String(port));
    if (row === undefined) throw new Error(`no port ${port}`);
    return row;
  }

  private sendOne(bytes: number): void {
    const frame = Buffer.alloc(bytes, 0xa5);
    // Locally administered addresses, an EtherType for experiments (IEEE 802).
    frame.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5]);
    frame.writeUInt32BE(this.sentAt.length, NUMBER_AT);
    this.sentAt.push(performance.now());
    this.sender.send(frame, this.entry, HOST);
  }
}
