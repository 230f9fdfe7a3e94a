/** A TCP connection to the first of a host's addresses that answers, and what is told when none does. */
import type { ConnectFault } from '../control/stream.js';
import type { Network } from '../net/network.js';
import { endpointError } from '../net/socket-errors.js';
import type { TcpSocket } from '../net/tcp-socket.js';
import type { Instant, Timer } from '../stack/clock.js';
import { blame } from './reachability.js';

/**
 * With more than one address: when the first SYN would be sent again (RFC 6298 section 2), the next address is tried beside
 * it, ms. RFC 8305 section 5 allows 100 to 2,000 and leaves it to who knows the round trips.
 */
export const NEXT_ADDRESS_MS = 1_000;

export interface ConnectTarget {
  /** Dotted, at least one, in the order in which they are tried. */
  readonly addresses: readonly string[];
  readonly port: number;
}

export interface ConnectOptions {
  readonly network: Network;
  /** Shown in the sockets table. */
  readonly program: string;
  /** Default false. */
  readonly allowHalfOpen?: boolean;
  /** After this time without an answer the next address is tried, too, ms; default 1,000. */
  readonly nextAddressMs?: number;
  /** Ends all attempts. */
  readonly signal: AbortSignal;
  /** An attempt begins. */
  readonly onAttempt?: (address: string) => void;
}

/** When what had been begun. */
export interface DialTiming {
  readonly connectStart: Instant;
  /** TLS only. */
  readonly secureConnectionStart?: Instant;
}

/** No connection, with all that is known about why. */
export class DialError extends Error {
  readonly fault: ConnectFault;
  /** Of the attempt; absent for who only waited for its outcome. */
  readonly timing: DialTiming | undefined;

  constructor(fault: ConnectFault, timing?: DialTiming) {
    super(fault.message);
    this.name = 'DialError';
    this.fault = fault;
    this.timing = timing;
  }
}

/**
 * One address after the other, the next one beside those that do not answer; the first that answers is taken, and the
 * others are given up. Without Nagle's algorithm. Rejects with DialError: of the last address that was tried, and with
 * ETIMEDOUT when the signal aborts.
 */
export function connectFirst(target: ConnectTarget, options: ConnectOptions): Promise<TcpSocket> {
  return new Attempts(target, options).first();
}

class Attempts {
  private readonly target: ConnectTarget;
  private readonly options: ConnectOptions;
  private readonly running = new Set<TcpSocket>();
  private tried = 0;
  private settled = false;

  constructor(target: ConnectTarget, options: ConnectOptions) {
    this.target = target;
    this.options = options;
  }

  first(): Promise<TcpSocket> {
    const { network, signal, nextAddressMs = NEXT_ADDRESS_MS } = this.options;
    return new Promise((resolve, reject) => {
      const { addresses, port } = this.target;
      let timer: Timer | undefined;
      const settle = (winner?: TcpSocket) => {
        this.settled = true;
        timer?.clear();
        signal.removeEventListener('abort', abort);
        for (const socket of this.running) if (socket !== winner) socket.destroy();
      };
      const fail = ({ code = 'ERR_CONNECT', message }: NodeJS.ErrnoException, address: string) => {
        // Before the attempts are given up: what the link knows of its neighbours is forgotten with them.
        const stage = blame(network, address, code);
        settle();
        reject(new DialError({ code, message, stage, address }));
      };
      const abort = () => {
        const address = addresses[Math.max(this.tried - 1, 0)];
        fail(endpointError('connect', 'ETIMEDOUT', address, port), address);
      };
      const next = () => {
        if (this.settled || this.tried >= addresses.length) return;
        timer?.clear();
        const address = addresses[this.tried++];
        this.attempt(address, {
          connected: (socket) => {
            settle(socket);
            resolve(socket);
          },
          failed: (error) => {
            if (this.settled) return;
            if (this.tried < addresses.length) next();
            else if (this.running.size === 0) fail(error, address);
          },
        });
        if (this.tried < addresses.length) timer = network.after(nextAddressMs, next);
      };
      signal.addEventListener('abort', abort);
      if (signal.aborted) abort();
      else next();
    });
  }

  private attempt(address: string, on: { connected(socket: TcpSocket): void; failed(error: Error): void }): void {
    const { network, program, allowHalfOpen, onAttempt } = this.options;
    const { port } = this.target;
    onAttempt?.(address);
    const socket = network.connect({ host: address, port, program, noDelay: true, allowHalfOpen });
    this.running.add(socket);
    const failed = (error: Error) => {
      this.running.delete(socket);
      on.failed(error);
    };
    socket.once('error', failed);
    socket.once('connect', () => {
      socket.off('error', failed);
      on.connected(socket);
    });
  }
}
