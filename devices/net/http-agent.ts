/**
 * Node's HTTP client on an emulated machine: `http.request(url, { agent: new HttpAgent(network, { lookup }) })`.
 * Connections are kept and shared as Node's own agent does it.
 */
import { Agent, type AgentOptions, type ClientRequestArgs } from 'node:http';
import type { LookupFunction } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Instant } from '../stack/clock.js';
import { literalAddress } from './connect-options.js';
import type { Network } from './network.js';
import type { TcpSocket } from './tcp-socket.js';

/** What happens before a request can be sent, in this order; `lookup` phases only where a name has to be looked up. */
export type AgentPhase =
  | { readonly phase: 'lookup'; readonly at: Instant; readonly hostname: string }
  | { readonly phase: 'found'; readonly at: Instant; readonly hostname: string; readonly address: string }
  | { readonly phase: 'connect'; readonly at: Instant; readonly address: string; readonly port: number }
  | { readonly phase: 'connected'; readonly at: Instant; readonly local: string; readonly remote: string }
  | { readonly phase: 'failed'; readonly at: Instant; readonly during: 'lookup' | 'connect'; readonly error: Error };

export interface HttpAgentOptions extends AgentOptions {
  /** The IPv4 address of a host name, dotted. Rejects when there is none. Without it only addresses are reached. */
  readonly lookup?: (hostname: string) => Promise<string>;
  /** Told of every new connection; reused ones have no phases. */
  readonly onPhase?: (phase: AgentPhase, socket: TcpSocket) => void;
  /** Shown in the sockets table. */
  readonly program?: string;
}

export class HttpAgent extends Agent {
  private readonly network: Network;
  private readonly lookup: HttpAgentOptions['lookup'];
  private readonly onPhase: NonNullable<HttpAgentOptions['onPhase']>;
  private readonly program: string | undefined;

  constructor(network: Network, options: HttpAgentOptions = {}) {
    const { lookup, onPhase, program, ...agentOptions } = options;
    super(agentOptions);
    this.network = network;
    this.lookup = lookup;
    this.onPhase = onPhase ?? (() => {});
    this.program = program;
  }

  override createConnection(options: ClientRequestArgs): Duplex {
    const port = Number(options.port);
    const socket = this.network.connect({
      host: options.host ?? 'localhost',
      port,
      localAddress: options.localAddress,
      localPort: options.localPort,
      lookup: this.lookupFor(this.lookup),
      program: this.program,
      // As Node's agent: a request is sent at once.
      noDelay: true,
      timeout: options.timeout,
    });
    this.report(socket, options.host ?? 'localhost', port);
    return socket;
  }

  /** In the shape of `dns.lookup`, as sockets take it. */
  private lookupFor(lookup: HttpAgentOptions['lookup']): LookupFunction | undefined {
    if (lookup === undefined) return undefined;
    return (hostname, _options, callback) => {
      lookup(hostname).then(
        (address) => callback(null, address, 4),
        (error) => callback(error, '', 4),
      );
    };
  }

  private report(socket: TcpSocket, host: string, port: number): void {
    const tell = (phase: AgentPhase) => this.onPhase(phase, socket);
    const now = () => this.network.now();
    let during: 'lookup' | 'connect' = 'connect';
    if (literalAddress(host) === undefined) {
      during = 'lookup';
      tell({ phase: 'lookup', at: now(), hostname: host });
      socket.once('lookup', (error: Error | null, address: string) => {
        if (error !== null) return;
        tell({ phase: 'found', at: now(), hostname: host, address });
        during = 'connect';
        tell({ phase: 'connect', at: now(), address, port });
      });
    } else {
      tell({ phase: 'connect', at: now(), address: host, port });
    }
    const failed = (error: Error) => tell({ phase: 'failed', at: now(), during, error });
    socket.once('error', failed);
    socket.once('connect', () => {
      socket.off('error', failed);
      const local = `${socket.localAddress}:${socket.localPort}`;
      const remote = `${socket.remoteAddress}:${socket.remotePort}`;
      tell({ phase: 'connected', at: now(), local, remote });
    });
  }
}
