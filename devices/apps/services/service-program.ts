/** One small service on its port, over TCP and UDP: how many peers it has, how long they may be silent, whom it refuses. */

import type { Network } from '../../net/network.js';
import type { TcpServer } from '../../net/tcp-server.js';
import type { TcpSocket } from '../../net/tcp-socket.js';
import type { UdpSender, UdpSocket } from '../../net/udp-socket.js';
import type { CounterOf } from '../../stack/counter-names.js';
import type { Logger } from '../machine.js';
import type { Service } from './service.js';

/** Further connections are closed at once. */
const MAX_CONNECTIONS = 64;
/** A connection on which nothing moves for this long is closed. */
const IDLE_MS = 120_000;
/**
 * Ports of services that answer whatever they get: echo, discard, daytime, quote of the day, chargen, time. Two of them
 * would talk to each other for ever after one datagram with a forged source (CVE-1999-0103).
 */
const ANSWERING_PORTS: ReadonlySet<number> = new Set([7, 9, 13, 17, 19, 37]);

export class ServiceProgram {
  private readonly network: Network;
  private readonly service: Service;
  private readonly log: Logger;
  private readonly connections = new Set<TcpSocket>();
  private tcp: TcpServer | undefined;
  private udp: UdpSocket | undefined;

  constructor(network: Network, service: Service, log: Logger) {
    this.network = network;
    this.service = service;
    this.log = log;
  }

  start(): void {
    const { name: program, port } = this.service;
    const failed = (error: Error) => this.log.error({ err: error, port }, `the ${program} service failed`);
    this.tcp = this.network.createServer({ program, allowHalfOpen: true }, (socket) => this.accept(socket));
    this.tcp.maxConnections = MAX_CONNECTIONS;
    this.tcp.on('error', failed);
    this.tcp.on('drop', () => this.count('connectionsRefused'));
    this.tcp.listen({ port });
    this.udp = this.network.createUdpSocket({ program });
    this.udp.on('error', failed);
    this.udp.on('message', (datagram, from) => this.respond(datagram, from));
    this.udp.bind({ port });
  }

  async stop(): Promise<void> {
    const { tcp, udp } = this;
    this.tcp = undefined;
    this.udp = undefined;
    udp?.close();
    const closed = new Promise<void>((resolve) => (tcp === undefined ? resolve() : tcp.close(() => resolve())));
    for (const socket of this.connections) socket.destroy();
    await closed;
  }

  private accept(socket: TcpSocket): void {
    this.connections.add(socket);
    socket.on('close', () => this.connections.delete(socket));
    // A peer that leaves in the midst is nobody's trouble.
    socket.on('error', () => {});
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    this.service.converse(socket);
  }

  private respond(datagram: Uint8Array, from: UdpSender): void {
    if (from.port === 0 || ANSWERING_PORTS.has(from.port)) {
      this.count('loopsRefused');
      return;
    }
    const answer = this.service.answer(datagram);
    const problem = answer === undefined ? undefined : this.udp?.reply(answer, from);
    // One question to a whole network would make all of it answer one victim: there is no reply to a broadcast.
    if (problem?.code === 'EADDRNOTAVAIL') this.count('broadcastsRefused');
    else if (problem !== undefined) this.count('answersNotSent');
  }

  private count(what: CounterOf<'services'>): void {
    this.network.stack.counters.add(`services.${what}`);
  }
}
