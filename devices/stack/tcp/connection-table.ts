import type { Connection } from './connection.js';
import type { Endpoint } from './control-block/types.js';

/**
 * What strangers can make a machine keep, TIME_WAIT included (as Linux's tcp_max_tw_buckets). Programs' own connections
 * are bounded by their ports.
 */
export const MAX_CONNECTIONS = 32_768;

/** Connections by their two endpoints: two look-ups with exact 48-bit keys, no strings. */
export class ConnectionTable {
  private readonly byLocal = new Map<number, Map<number, Connection>>();
  private count = 0;

  get full(): boolean {
    return this.count >= MAX_CONNECTIONS;
  }

  get(local: Endpoint, remote: Endpoint): Connection | undefined {
    return this.byLocal.get(key(local))?.get(key(remote));
  }

  add(connection: Connection): void {
    const local = key(connection.local);
    let row = this.byLocal.get(local);
    if (row === undefined) {
      row = new Map();
      this.byLocal.set(local, row);
    }
    const remote = key(connection.remote);
    if (!row.has(remote)) this.count += 1;
    row.set(remote, connection);
  }

  remove(connection: Connection): void {
    const local = key(connection.local);
    const row = this.byLocal.get(local);
    const remote = key(connection.remote);
    if (row?.get(remote) !== connection) return;
    row.delete(remote);
    this.count -= 1;
    if (row.size === 0) this.byLocal.delete(local);
  }

  *[Symbol.iterator](): IterableIterator<Connection> {
    for (const row of this.byLocal.values()) yield* row.values();
  }
}

function key(endpoint: Endpoint): number {
  return endpoint.address * 0x10000 + endpoint.port;
}
