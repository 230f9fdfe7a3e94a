/**
 * Two hosts in real time, and the control socket of the first one, as its process would serve it: what opens streams of a
 * device can be tested without processes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { dial, lookUp } from '../../devices/apps/dial.js';
import type { Machine } from '../../devices/apps/machine.js';
import type { RpcPeer } from '../../devices/control.js';
import { Resolver } from '../../devices/net/resolver.js';
import type { TcpSocket } from '../../devices/net/tcp-socket.js';
import { RpcServer } from '../../devices/runtime/rpc-server.js';
import { Streams } from '../../devices/runtime/streams.js';
import { Random } from '../../devices/stack/random.js';
import { B_ADDRESS, RealTimePair } from './real-time-pair.js';

export class StreamingDevice {
  readonly pair: RealTimePair;
  /** Path of the control socket. */
  readonly control: string;
  /** The clients that have asked for a stream. */
  readonly peers: RpcPeer[] = [];
  /** What host b has accepted. */
  readonly accepted: TcpSocket[] = [];
  private readonly server: RpcServer;

  private constructor(pair: RealTimePair, folder: string) {
    this.pair = pair;
    this.control = join(folder, 'a.sock');
    const tracer = { enabled: false, emit: () => {} };
    // `nobody` is an address that does not answer; `either` has one that does behind it.
    const hosts = { server: [B_ADDRESS], nobody: ['10.0.0.77'], either: ['10.0.0.77', B_ADDRESS] };
    const resolver = new Resolver(pair.a, { hosts }, { random: new Random('a'), tracer });
    const caller = { network: pair.a, resolver, whenConfigured: async () => {} };
    const machine = {
      name: 'a',
      kind: 'host',
      connect: (request, signal) => dial(caller, request, signal),
      resolve: (name) => lookUp(caller, name, 1000, new AbortController().signal),
    } as Pick<Machine, 'name' | 'kind' | 'connect' | 'resolve'> as Machine;
    const streams = new Streams(machine);
    this.server = new RpcServer(this.control, {
      resolve: (params) => streams.resolve(params),
      'stream-open': (params, peer) => {
        this.peers.push(peer);
        return streams.open(params, peer);
      },
      'stream-end': (_params, peer) => streams.end(peer),
    });
  }

  /** Host b listens on the port, and hands each connection, half-open, to the listener. */
  static async start(t: Test, listeners: Record<number, (socket: TcpSocket) => void> = {}): Promise<StreamingDevice> {
    const folder = mkdtempSync(join(tmpdir(), 'nt-'));
    const device = new StreamingDevice(new RealTimePair(), folder);
    await device.server.open();
    for (const [port, listener] of Object.entries(listeners)) {
      const server = device.pair.b.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
        device.accepted.push(socket);
        socket.on('error', () => {});
        listener(socket);
      });
      await new Promise<void>((resolve) => server.listen(Number(port), resolve));
    }
    t.teardown(() => {
      device.stop();
      rmSync(folder, { recursive: true });
    });
    return device;
  }

  /** The first connection of host b: a client may well be connected before. */
  async firstAccepted(): Promise<TcpSocket> {
    while (this.accepted.length === 0) await new Promise((resolve) => setImmediate(resolve));
    return this.accepted[0];
  }

  /** As when the device's process ends. */
  stop(): void {
    this.server.close();
    this.pair.close();
  }
}
