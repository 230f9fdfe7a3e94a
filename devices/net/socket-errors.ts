/**
 * Errors as Node's own sockets raise them: `code`, the negative `errno` of this platform, `syscall`, and the
 * address and port that are meant; the messages have Node's wording, so that programs and people know them.
 */
import { getSystemErrorMap } from 'node:util';

export interface SocketError extends Error {
  code: string;
  /** Negative, as libuv numbers it. */
  errno?: number;
  /** The call that failed: connect, bind, listen, read, write, send, recvmsg, getaddrinfo. */
  syscall?: string;
  address?: string;
  port?: number;
  localAddress?: string;
  localPort?: number;
  hostname?: string;
}

interface SystemError {
  readonly errno: number;
  readonly text: string;
}

let systemErrors: Map<string, SystemError> | undefined;

/** The platform's number and text of a code; undefined for codes that it does not know. */
function systemError(code: string): SystemError | undefined {
  systemErrors ??= new Map([...getSystemErrorMap()].map(([errno, [name, text]]) => [name, { errno, text }]));
  return systemErrors.get(code);
}

function raise(message: string, code: string, syscall: string, numberOf = code): SocketError {
  return Object.assign(new Error(message), { errno: systemError(numberOf)?.errno, code, syscall });
}

/** `read ECONNRESET` */
export function callError(syscall: string, code: string): SocketError {
  return raise(`${syscall} ${code}`, code, syscall);
}

/** `connect ECONNREFUSED 10.0.0.2:80`; with the local end where Node tells it: ` - Local (10.0.0.1:4000)`. */
export function endpointError(
  syscall: string,
  code: string,
  address: string,
  port: number,
  local?: string,
): SocketError {
  const where = port > 0 ? `${address}:${port}` : address;
  const error = raise(`${syscall} ${code} ${where}${local === undefined ? '' : ` - Local (${local})`}`, code, syscall);
  error.address = address;
  if (port > 0) error.port = port;
  return error;
}

/** `listen EADDRINUSE: address already in use 10.0.0.1:80` */
export function listenError(code: string, address: string, port: number): SocketError {
  const text = systemError(code)?.text ?? 'unknown error';
  const where = port > 0 ? `${address}:${port}` : address;
  return Object.assign(raise(`listen ${code}: ${text} ${where}`, code, 'listen'), { address, port });
}

/** `getaddrinfo ENOTFOUND www.server.com` */
export function nameNotFound(hostname: string): SocketError {
  return Object.assign(raise(`getaddrinfo ENOTFOUND ${hostname}`, 'ENOTFOUND', 'getaddrinfo', 'EAI_NONAME'), {
    hostname,
  });
}

/** Errors about the use of a socket that have no system call: ERR_SOCKET_CLOSED and the like. */
export function usageError(code: string, message: string, Kind: new (message: string) => Error = Error): SocketError {
  return Object.assign(new Kind(message), { code });
}

/** An argument of a wrong type. */
export function argumentError(message: string): Error {
  return usageError('ERR_INVALID_ARG_TYPE', message, TypeError);
}

/** Checks a port as Node does: 0 … 65535, digits as text allowed. Throws a RangeError with ERR_SOCKET_BAD_PORT. */
export function checkPort(port: unknown, name = 'Port', allowZero = true): number {
  const value = typeof port === 'string' && port.trim() !== '' ? Number(port) : port;
  if (typeof value !== 'number' || !Number.isInteger(value) || value > 65535 || value < (allowZero ? 0 : 1)) {
    const bound = allowZero ? '>= 0' : '> 0';
    throw usageError(
      'ERR_SOCKET_BAD_PORT',
      `${name} should be ${bound} and < 65536. Received ${describe(port)}.`,
      RangeError,
    );
  }
  return value;
}

function describe(value: unknown): string {
  return value === null || value === undefined ? String(value) : `type ${typeof value} (${String(value)})`;
}
