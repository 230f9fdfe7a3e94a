/** How curl fails: its exit status and its words, for what Node and the stack report. */
import type { ConnectFault } from '../../control/stream.js';
import { NameError } from '../../net/resolver.js';
import type { SocketError } from '../../net/socket-errors.js';
import { DialError } from '../connect.js';

/** With curl's own exit status. */
export class CurlError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export const UNSUPPORTED_STATUS = 1;
export const BAD_URL_STATUS = 3;
export const FAILED_STATUS = 22;
export const BINARY_STATUS = 23;
export const TIMEOUT_STATUS = 28;
export const BAD_ARGUMENT_STATUS = 43;
export const MAX_REDIRECTS_STATUS = 47;
export const BAD_CODING_STATUS = 61;
const TLS_STATUS = 35;
const EMPTY_REPLY_STATUS = 52;
const RECEIVE_STATUS = 56;
const CERTIFICATE_STATUS = 60;
const HTTP2_STREAM_STATUS = 92;

/** OpenSSL's words, by Node's codes. */
const CERTIFICATE_PROBLEMS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'certificate has expired',
  CERT_NOT_YET_VALID: 'certificate is not yet valid',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed certificate',
  SELF_SIGNED_CERT_IN_CHAIN: 'self-signed certificate in certificate chain',
  UNABLE_TO_GET_ISSUER_CERT: 'unable to get issuer certificate',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unable to get local issuer certificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unable to get local issuer certificate',
};

const CONNECT_PROBLEMS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Connection refused',
  EHOSTUNREACH: 'No route to host',
  ENETUNREACH: 'Network is unreachable',
  ETIMEDOUT: 'Connection timed out',
};

/** What becomes of an error before the response has come. */
export function curlError(error: unknown, host: string, port: number, elapsedMs: number): CurlError {
  if (error instanceof CurlError) return error;
  if (error instanceof NameError) return new CurlError(6, `Could not resolve host: ${host}`);
  if (error instanceof DialError) {
    const { fault } = error;
    return fault.stage === 'tls' ? tlsError(fault, host) : connectError(fault, host, port, elapsedMs);
  }
  const { code = '', message } = error as SocketError;
  // Node's words for a connection that was closed before any answer.
  if (message === 'socket hang up') return new CurlError(EMPTY_REPLY_STATUS, 'Empty reply from server');
  // What came does not begin as an answer of HTTP/1 does.
  if (code === 'HPE_INVALID_CONSTANT') return new CurlError(1, 'Received HTTP/0.9 when not allowed');
  if (/^ERR_(HTTP_)?INVALID|^ERR_HTTP2_(INVALID|CONNECTION)_/.test(code))
    return new CurlError(BAD_ARGUMENT_STATUS, message);
  if (code.startsWith('ERR_HTTP2'))
    return new CurlError(HTTP2_STREAM_STATUS, `HTTP/2 stream was not closed cleanly: ${message}`);
  return new CurlError(RECEIVE_STATUS, `Recv failure: ${code === 'ECONNRESET' ? 'Connection reset by peer' : message}`);
}

function connectError({ code }: ConnectFault, host: string, port: number, elapsedMs: number): CurlError {
  const status = code === 'ETIMEDOUT' ? TIMEOUT_STATUS : 7;
  const reason = CONNECT_PROBLEMS[code] ?? code;
  return new CurlError(status, `Failed to connect to ${host} port ${port} after ${elapsedMs} ms: ${reason}`);
}

function tlsError({ code, message }: ConnectFault, host: string): CurlError {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const why = `SSL: no alternative certificate subject name matches target host name '${host}'`;
    return new CurlError(CERTIFICATE_STATUS, why);
  }
  const problem = CERTIFICATE_PROBLEMS[code];
  if (problem !== undefined) return new CurlError(CERTIFICATE_STATUS, `SSL certificate problem: ${problem}`);
  return new CurlError(TLS_STATUS, `TLS connect error: ${message}`);
}
