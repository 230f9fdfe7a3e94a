/**
 * A TCP connection of this machine to a host by name or address, as its programs would get it: the resolver's answer, and
 * its addresses in turn until one takes the connection. For clients of the control channel.
 */
import { isIPv6 } from 'node:net';
import type { ConnectFault, StreamRequest } from '../control/stream.js';
import type { Network } from '../net/network.js';
import { NameError, type Resolution, type Resolver } from '../net/resolver.js';
import type { TcpSocket } from '../net/tcp-socket.js';
import { connectFirst, DialError, NEXT_ADDRESS_MS } from './connect.js';

/** For name and connection together, when the request does not say. */
export const DIAL_TIMEOUT_MS = 30_000;

/** What of a machine is needed to call somebody. */
export interface Caller {
  readonly network: Network;
  readonly resolver: Resolver;
  /** Resolves once the machine has its addresses; rejects when the signal aborts before. */
  whenConfigured(signal: AbortSignal): Promise<void>;
}

/**
 * Connected, half-open and without Nagle's algorithm, as a proxy wants it. Rejects with {@link DialError}, the one of the
 * last address that was tried, or with the signal's reason when that aborts.
 */
export async function dial(caller: Caller, request: StreamRequest, signal: AbortSignal): Promise<TcpSocket> {
  const { network } = caller;
  const { host, port, timeoutMs = DIAL_TIMEOUT_MS, program = 'stream' } = request;
  const expiresAt = network.now() + timeoutMs;
  const left = () => expiresAt - network.now();
  const late = { code: 'ETIMEDOUT', stage: 'dhcp', message: 'this device has no address yet by DHCP' } as const;
  await within(network, left(), signal, late, (limit) => caller.whenConfigured(limit));
  const { addresses } = await lookUp(caller, host, left(), signal);
  const limit = new AbortController();
  const giveUp = () => limit.abort();
  const timer = network.after(Math.max(0, left()), giveUp);
  signal.addEventListener('abort', giveUp, { once: true });
  if (signal.aborted) giveUp();
  // Each gets its share of the time, so that one that is silent leaves some to those behind it.
  const nextAddressMs = Math.min(NEXT_ADDRESS_MS, left() / addresses.length);
  const options = { network, program, allowHalfOpen: true, nextAddressMs, signal: limit.signal };
  try {
    return await connectFirst({ addresses, port }, options);
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    timer.clear();
    signal.removeEventListener('abort', giveUp);
  }
}

/** Rejects as {@link dial} does. */
export async function lookUp(
  { network, resolver }: Pick<Caller, 'network' | 'resolver'>,
  host: string,
  limitMs: number,
  signal: AbortSignal,
): Promise<Resolution> {
  if (isIPv6(host)) {
    const message = `${host} is an IPv6 address: this internet speaks IPv4 alone`;
    throw new DialError({ code: 'EAFNOSUPPORT', stage: 'routing', message });
  }
  const late = { code: 'ETIMEDOUT', stage: 'dns', message: `${host}: no answer from a name server in time` } as const;
  try {
    return await within(network, limitMs, signal, late, () => resolver.resolve(host));
  } catch (error) {
    if (!(error instanceof NameError)) throw error;
    const reason = error.cause instanceof Error ? `: ${error.cause.message}` : '';
    throw new DialError({ code: error.code, stage: 'dns', message: `${error.message}${reason}` });
  }
}

/** As `run`, but rejects when its time is over or the signal aborts. What then still comes is of no interest. */
function within<T>(
  network: Network,
  ms: number,
  signal: AbortSignal,
  late: ConnectFault,
  run: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const limit = new AbortController();
    const give = (reason: unknown) => {
      limit.abort(reason);
      reject(reason);
    };
    const abort = () => give(signal.reason);
    const timer = network.after(Math.max(0, ms), () => give(new DialError(late)));
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    run(limit.signal)
      .then(resolve, reject)
      .finally(() => {
        timer.clear();
        signal.removeEventListener('abort', abort);
      });
  });
}
