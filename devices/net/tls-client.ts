/**
 * TLS for programs on an emulated machine: Node's own, on a connected TcpSocket. What is wrong with a certificate is said in
 * words, under Node's codes; the secrets of the connection go into the trace, when somebody listens to it.
 */
import { isIP } from 'node:net';
import { checkServerIdentity, connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import type { Tracer } from '../stack/trace.js';
import type { TcpSocket } from './tcp-socket.js';

export interface SecureOptions {
  /** The name, or the address, that the certificate must be for. Names are sent as SNI (RFC 6066 section 3). */
  readonly serverName: string;
  /** PEM certificates of who may vouch for it. With none, nobody is believed. */
  readonly authorities: readonly string[];
  /** In the order of preference: `h2`, `http/1.1`. None: no ALPN (RFC 7301). */
  readonly alpn?: readonly string[];
  /** Of an earlier connection to the same server: its handshake is shortened. */
  readonly session?: TlsSession;
  /** A session that a later connection may resume; never of a server whose certificate is not accepted. */
  readonly onSession?: (session: TlsSession) => void;
  /** Whoever the server is will do. Default false. */
  readonly insecure?: boolean;
  readonly tracer: Tracer;
}

export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  /** Milliseconds since 1970. */
  readonly validFrom: number;
  readonly validTo: number;
  /** DNS names and addresses of the certificate. */
  readonly names: readonly string[];
}

/** What was agreed on, and with whom. */
export interface SecureFacts extends CertificateFacts {
  /** `TLSv1.3` */
  readonly protocol: string;
  /** `TLS_AES_256_GCM_SHA384` */
  readonly cipher: string;
  /** `h2`, `http/1.1`; empty when none was agreed on. */
  readonly alpn: string;
  readonly sessionReused: boolean;
}

/** The server does not show its certificate again to who resumes a session: what was in it is remembered. */
export interface TlsSession {
  readonly ticket: Buffer;
  readonly certificate: CertificateFacts;
}

export interface SecureConnection {
  readonly stream: TLSSocket;
  readonly facts: SecureFacts;
}

/** With Node's code: `CERT_HAS_EXPIRED`, `ERR_TLS_CERT_ALTNAME_INVALID`, `ECONNRESET`, `ERR_SSL_…`. */
export class TlsError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Performs the handshake. Rejects with TlsError; the socket is destroyed then. */
export async function secureConnection(socket: TcpSocket, options: SecureOptions): Promise<SecureConnection> {
  const { serverName, authorities, alpn, session, tracer } = options;
  const isAddress = isIP(serverName) !== 0;
  const secured = connect({
    socket: socket as never,
    host: serverName,
    ...(!isAddress && { servername: serverName }),
    ca: [...authorities],
    ...(alpn && { ALPNProtocols: [...alpn] }),
    session: session?.ticket,
    minVersion: 'TLSv1.2',
    // Judged below, where the certificate can still be told about.
    rejectUnauthorized: false,
  });
  const ends = { local: endOf(socket, 'local'), remote: endOf(socket, 'remote') };
  if (tracer.enabled) {
    secured.on('keylog', (line: Buffer) =>
      tracer.emit({ event: 'tls-secret', ...ends, line: line.toString('latin1').trim() }),
    );
  }
  const certificate = () => (secured.isSessionReused() && session ? session.certificate : certificateFacts(secured));
  const tickets = new Tickets(secured);
  secured.on('session', () => tracer.emit({ event: 'tls-ticket', ...ends }));
  await handshake(secured, serverName);
  const facts = { ...agreedFacts(secured), ...certificate() };
  // Node compares names with certificates that it is shown, and a resumed session shows none.
  const mismatch: NodeJS.ErrnoException | undefined = checkServerIdentity(serverName, asPeerCertificate(facts));
  const refusal = secured.authorized ? mismatch?.code : String(secured.authorizationError);
  const { protocol, cipher, alpn: agreed, sessionReused } = facts;
  const told = { ...ends, serverName, protocol, cipher, alpn: agreed, sessionReused };
  if (refusal === undefined) tickets.give((ticket) => options.onSession?.({ ticket, certificate: certificate() }));
  else if (options.insecure !== true) {
    const error = untrusted(refusal, serverName, facts, secured);
    tracer.emit({ event: 'tls-refused', ...told, code: error.code, message: error.message });
    secured.destroy();
    throw error;
  }
  tracer.emit({ event: 'tls-established', ...told });
  return { stream: secured, facts };
}

/** In version 1.2 the ticket comes within the handshake, before anything is known of the certificate: it has to wait. */
class Tickets {
  private held: Buffer[] = [];
  private take = (ticket: Buffer): void => {
    this.held.push(ticket);
  };

  constructor(secured: TLSSocket) {
    secured.on('session', (ticket: Buffer) => this.take(ticket));
  }

  give(take: (ticket: Buffer) => void): void {
    this.take = take;
    for (const ticket of this.held.splice(0)) take(ticket);
  }
}

function endOf(socket: TcpSocket, end: 'local' | 'remote'): string {
  return `${socket[`${end}Address`]}:${socket[`${end}Port`]}`;
}

function handshake(secured: TLSSocket, serverName: string): Promise<void> {
  return new Promise((resolve, reject) => {
    // Until somebody uses the connection, and after the last one, errors are told by 'close' alone.
    secured.on('error', () => {});
    const fail = (error: Error & { code?: string }) => {
      secured.destroy();
      reject(handshakeError(error, serverName));
    };
    const closed = () => fail(new TlsError('ECONNRESET', 'the connection was closed'));
    secured.once('error', fail);
    secured.once('close', closed);
    secured.once('secureConnect', () => {
      secured.off('error', fail);
      secured.off('close', closed);
      resolve();
    });
  });
}

/** What OpenSSL says about bytes that are no TLS, or about a peer with whom nothing can be agreed. */
function handshakeError(error: Error & { code?: string }, serverName: string): TlsError {
  const { code = 'EPROTO' } = error;
  const reasons: Readonly<Record<string, string>> = {
    ECONNRESET: 'the server closed the connection during the TLS handshake',
    ERR_SSL_WRONG_VERSION_NUMBER: 'what the server sends is not TLS',
    ERR_SSL_PACKET_LENGTH_TOO_LONG: 'what the server sends is not TLS',
    ERR_SSL_UNSUPPORTED_PROTOCOL: 'the server speaks a version of TLS that is too old: 1.2 and 1.3 are spoken here',
    ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'the server speaks no version of TLS that is spoken here: 1.2 and 1.3',
    ERR_SSL_TLSV1_UNRECOGNIZED_NAME: 'the server has no certificate for this name',
  };
  return new TlsError(code, `${serverName}: ${reasons[code] ?? plainReason(error.message)}`);
}

/** OpenSSL's `error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../…` without its file names. */
function plainReason(message: string): string {
  const reason = /^[^:]*:?error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/.exec(message)?.[1];
  return reason === undefined ? message : `the TLS handshake failed: ${reason}`;
}

function agreedFacts(secured: TLSSocket): Omit<SecureFacts, keyof CertificateFacts> {
  const { standardName, name } = secured.getCipher() as { standardName?: string; name: string };
  return {
    protocol: secured.getProtocol() ?? '',
    cipher: standardName ?? name,
    alpn: secured.alpnProtocol || '',
    sessionReused: secured.isSessionReused(),
  };
}

function certificateFacts(secured: TLSSocket): CertificateFacts {
  const certificate: Partial<PeerCertificate> = secured.getPeerCertificate() ?? {};
  return {
    subject: commonName(certificate.subject),
    issuer: commonName(certificate.issuer),
    validFrom: Date.parse(certificate.valid_from ?? '') || 0,
    validTo: Date.parse(certificate.valid_to ?? '') || 0,
    names: subjectNames(certificate.subjectaltname),
  };
}

/** As far as names are compared: those of the certificate, else its subject (RFC 6125 section 6.4.4). */
function asPeerCertificate({ subject, names }: CertificateFacts): PeerCertificate {
  const subjectaltname = names.map((name) => `${isIP(name) === 0 ? 'DNS' : 'IP Address'}:${name}`).join(', ');
  return { subject: { CN: subject }, ...(names.length > 0 && { subjectaltname }) } as PeerCertificate;
}

function commonName(name: Readonly<Record<string, unknown>> | undefined): string {
  const { CN, O } = name ?? {};
  return [CN ?? O ?? ''].flat().join(', ');
}

/** `DNS:www.server.com, IP Address:10.0.0.2` */
function subjectNames(text = ''): string[] {
  return [...text.matchAll(/(?:DNS|IP Address):([^,\s"]+)/g)].map(([, name]) => name);
}

function untrusted(code: string, serverName: string, facts: SecureFacts, secured: TLSSocket): TlsError {
  const whose = `the certificate of ${serverName}`;
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const issuer = facts.issuer || 'nobody';
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return new TlsError(code, `${whose} has expired on ${day(facts.validTo)}`);
    case 'CERT_NOT_YET_VALID':
      return new TlsError(code, `${whose} is not valid before ${day(facts.validFrom)}`);
    case 'ERR_TLS_CERT_ALTNAME_INVALID': {
      const names = facts.names.join(', ') || facts.subject || 'no name at all';
      return new TlsError(code, `${whose} is for another name: it is for ${names}`);
    }
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return new TlsError(code, `${whose} is signed by itself, by no authority that is known here`);
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return new TlsError(code, `${whose} is issued by ${issuer}, an authority that is not known here`);
    default:
      return new TlsError(code, `${whose} is not accepted (${code}) over ${secured.getProtocol()}`);
  }
}
