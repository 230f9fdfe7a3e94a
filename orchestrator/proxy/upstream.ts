/** Connections of the emulated host to web servers, kept for the next request to the same server. */
import { Agent, type ClientRequest, type ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Dial } from './relay.js';

/** Shorter than servers keep theirs, so that one is rarely closed while it is taken again. */
const IDLE_LIMIT_MS = 4_000;
const MAX_IDLE_PER_SERVER = 6;

export class Upstream extends Agent {
  private readonly dial: Dial;
  private readonly leaving = new AbortController();
  private readonly idle = new WeakMap<Duplex, NodeJS.Timeout>();

  constructor(dial: Dial, keepAlive: boolean) {
    super({ keepAlive, maxFreeSockets: MAX_IDLE_PER_SERVER });
    this.dial = dial;
  }

  override createConnection(
    { host, port }: ClientRequestArgs,
    done?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    this.dial(String(host), Number(port), this.leaving.signal).then(
      (stream) => {
        // A server that has ended will answer nothing more.
        stream.allowHalfOpen = false;
        done?.(null, stream);
      },
      (error: Error) => done?.(error, undefined as unknown as Duplex),
    );
    return undefined;
  }

  override keepSocketAlive(stream: Duplex): boolean {
    this.idle.set(stream, setTimeout(() => stream.destroy(), IDLE_LIMIT_MS).unref());
    // It is read, so that its end is noticed.
    stream.resume();
    return true;
  }

  override reuseSocket(stream: Duplex, request: ClientRequest): void {
    clearTimeout(this.idle.get(stream));
    request.reusedSocket = true;
  }

  override destroy(): void {
    this.leaving.abort(new Error('the proxy ends'));
    super.destroy();
  }
}
