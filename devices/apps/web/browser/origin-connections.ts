/** The connections to one origin (scheme, host, port), and the requests that wait for one of them. */
import { FETCH_PRIORITIES, type FetchPriority } from '../../../control/rpc.js';
import { DialError } from '../../connect.js';
import type { HttpConnection } from '../client/message.js';

/** RFC 9112 section 9.4 leaves the number open; browsers agree on six for HTTP/1.1. */
export const MAX_CONNECTIONS_PER_ORIGIN = 6;

export interface Taken {
  readonly connection: HttpConnection;
  /** Nobody has taken it before. */
  readonly isFirst: boolean;
}

interface Waiter {
  readonly rank: number;
  readonly resolve: (taken: Taken) => void;
  readonly reject: (error: unknown) => void;
}

export class OriginConnections {
  private readonly secure: boolean;
  private readonly dial: (addresses: readonly string[]) => Promise<HttpConnection>;
  private readonly open = new Set<HttpConnection>();
  private readonly waiting: Waiter[] = [];
  private opening = 0;
  private protocol: HttpConnection['protocol'] | undefined;
  private addresses: readonly string[] = [];
  /** The last attempt failed: as long as there are other connections, or attempts, they have to do. */
  private failing = false;
  private ended = false;

  constructor(secure: boolean, dial: (addresses: readonly string[]) => Promise<HttpConnection>) {
    this.secure = secure;
    this.dial = dial;
  }

  get isMultiplexed(): boolean {
    return this.protocol === 'HTTP/2';
  }

  /** In the order of priority, then of asking. */
  take(addresses: readonly string[], priority: FetchPriority): Promise<Taken> {
    if (this.addresses.length === 0) this.addresses = addresses;
    return new Promise((resolve, reject) => {
      const rank = FETCH_PRIORITIES.indexOf(priority);
      const behind = this.waiting.findIndex((waiter) => waiter.rank > rank);
      this.waiting.splice(behind < 0 ? this.waiting.length : behind, 0, { rank, resolve, reject });
      this.pump();
    });
  }

  preconnect(addresses: readonly string[]): void {
    if (this.addresses.length === 0) this.addresses = addresses;
    if (this.open.size + this.opening === 0) this.openOne();
  }

  end(): void {
    this.ended = true;
    for (const connection of this.open) void connection.end();
  }

  private pump(): void {
    for (const connection of this.open) {
      while (connection.room > 0 && this.waiting.length > 0) {
        connection.reserve();
        this.waiting.shift()?.resolve({ connection, isFirst: connection.taken === 1 });
      }
    }
    while (this.waiting.length > this.opening && this.open.size + this.opening < this.limit) this.openOne();
  }

  /** What a server of HTTPS speaks, its first connection tells; of HTTP/2 one connection is enough. */
  private get limit(): number {
    if (this.failing && this.open.size + this.opening > 0) return 0;
    if (this.secure && this.protocol !== 'HTTP/1.1') return 1;
    return MAX_CONNECTIONS_PER_ORIGIN;
  }

  private openOne(): void {
    this.opening += 1;
    this.dial(this.addresses).then(
      (connection) => this.opened(connection),
      (error) => this.failed(error),
    );
  }

  private opened(connection: HttpConnection): void {
    this.opening -= 1;
    this.failing = false;
    this.protocol = connection.protocol;
    this.preferAddress(connection.remote);
    this.open.add(connection);
    connection.onChange = () => this.changed(connection);
    if (this.ended) void connection.end();
    this.pump();
  }

  private failed(error: unknown): void {
    this.opening -= 1;
    this.failing = true;
    // What the last attempt has found out holds for all that wait, unless another connection can serve them.
    if (this.open.size + this.opening === 0) this.refuse(error);
    this.pump();
  }

  /** The attempt was the first one's; the others have waited for its outcome. */
  private refuse(error: unknown): void {
    const [first, ...others] = this.waiting.splice(0);
    first?.reject(error);
    for (const { reject } of others) reject(error instanceof DialError ? new DialError(error.fault) : error);
  }

  /** The next connection goes first to where this one came about. */
  private preferAddress(remote: string): void {
    const found = remote.slice(0, remote.lastIndexOf(':'));
    this.addresses = [found, ...this.addresses.filter((address) => address !== found)];
  }

  private changed(connection: HttpConnection): void {
    if (connection.closed) this.open.delete(connection);
    this.pump();
  }
}
