/** The arguments of `connect`, in all forms that Node takes, and the way from a host name to an address. */
import { isIPv6, type LookupFunction } from 'node:net';
import { type Ipv4Address, parseIpv4 } from '../stack/wire/address.js';
import { argumentError, checkPort, endpointError, nameNotFound, usageError } from './socket-errors.js';

const MAX_BUFFER_BYTES = 2 ** 30;

export interface TcpConnectOptions {
  /** 0 … 65535; nobody ever listens on 0. */
  readonly port: number | string;
  /** Dotted address, or a name when there is a `lookup`. Default `localhost`, which is always 127.0.0.1. */
  readonly host?: string;
  readonly localAddress?: string;
  readonly localPort?: number;
  /** Shaped as Node's `dns.lookup`. Without one, names end in ENOTFOUND. */
  readonly lookup?: LookupFunction;
  /** Switches Nagle's algorithm off. */
  readonly noDelay?: boolean;
  /** Milliseconds, as `TcpSocket.setTimeout`; of `Network.connect` only, as in Node. */
  readonly timeout?: number;
  readonly keepAlive?: boolean;
  /** Milliseconds of silence before the first probe; 0: the stack's default. */
  readonly keepAliveInitialDelay?: number;
  /** SO_SNDBUF and SO_RCVBUF, which Node offers for UDP alone: bytes, 1 … 2^30. Default: autotuned. */
  readonly sendBufferSize?: number;
  readonly recvBufferSize?: number;
}

export type ConnectArguments =
  | [options: TcpConnectOptions, listener?: () => void]
  | [port: number, host?: string, listener?: () => void]
  | [port: number, listener?: () => void];

interface NormalizedConnect {
  readonly options: TcpConnectOptions;
  readonly listener?: () => void;
}

export function normalizeConnect(args: ConnectArguments): NormalizedConnect {
  const [first, second, third] = args;
  if (typeof first === 'object') return { options: first, listener: second as (() => void) | undefined };
  if (typeof second === 'function') return { options: { port: first }, listener: second };
  return { options: { port: first, host: second }, listener: third };
}

/** The port to connect to. Throws for options that cannot be meant, with Node's codes. */
export function checkConnect(options: TcpConnectOptions): number {
  const { port, host, localAddress, localPort, lookup } = options;
  checkBufferSize(options.sendBufferSize, 'options.sendBufferSize');
  checkBufferSize(options.recvBufferSize, 'options.recvBufferSize');
  if (localAddress && parseIpv4(localAddress) === undefined)
    throw usageError('ERR_INVALID_IP_ADDRESS', `Invalid IP address: ${localAddress}`, TypeError);
  if (localPort) {
    if (typeof localPort !== 'number') throw argumentError('The "options.localPort" property must be of type number.');
    checkPort(localPort, 'options.localPort');
  }
  if (port === undefined) {
    const message = 'The "options" or "port" or "path" argument must be specified';
    throw usageError('ERR_MISSING_ARGS', message, TypeError);
  }
  if (typeof port !== 'number' && typeof port !== 'string') {
    throw argumentError('The "options.port" property must be one of type number or string.');
  }
  if (host !== undefined && host !== null && typeof host !== 'string') {
    throw argumentError('The "options.host" property must be of type string.');
  }
  if (lookup !== undefined && lookup !== null && typeof lookup !== 'function') {
    throw argumentError('The "options.lookup" property must be of type function.');
  }
  return checkPort(port);
}

function checkBufferSize(bytes: number | undefined, name: string): void {
  if (bytes === undefined || (Number.isInteger(bytes) && bytes >= 1 && bytes <= MAX_BUFFER_BYTES)) return;
  const message = `The value of "${name}" is out of range. It must be an integer from 1 to ${MAX_BUFFER_BYTES}.`;
  throw usageError('ERR_OUT_OF_RANGE', `${message} Received ${bytes}`, RangeError);
}

/** The address that a host text is by itself; undefined for names that have to be looked up. */
export function literalAddress(host: string): Ipv4Address | undefined {
  return host === 'localhost' ? 0x7f000001 : parseIpv4(host);
}

/** Looks a name up. `done` gets the error, or the first IPv4 address that the lookup gave. */
export function lookUp(
  host: string,
  port: number,
  lookup: LookupFunction | undefined,
  done: (error: Error | undefined, address: Ipv4Address) => void,
): void {
  if (isIPv6(host) || lookup === undefined) {
    // The stack speaks IPv4 alone: a literal of the other family is an address that no socket here can reach.
    const error = isIPv6(host) ? endpointError('connect', 'EAFNOSUPPORT', host, port) : nameNotFound(host);
    process.nextTick(done, error, 0);
    return;
  }
  lookup(host, { family: 4, hints: 0, all: false }, (error, found) => {
    if (error) return done(error, 0);
    const text = typeof found === 'string' ? found : found[0]?.address;
    const address = text === undefined ? undefined : parseIpv4(text);
    if (address !== undefined) return done(undefined, address);
    done(usageError('ERR_INVALID_IP_ADDRESS', `Invalid IP address: ${text}`, TypeError), 0);
  });
}
