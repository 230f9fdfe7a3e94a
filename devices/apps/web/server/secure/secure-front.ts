/**
 * The door of https: Node's TLS 1.2 and 1.3 on the sockets of the emulated network, the certificate of the site that the
 * client names (SNI, RFC 6066 section 3), HTTP/2 or 1.1 as both ends can (ALPN, RFC 7301).
 */
import type { Http2Server, ServerHttp2Session } from 'node:http2';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import type { CertificateConfig } from '../../../../control/config.js';
import type { TcpSocket } from '../../../../net/tcp-socket.js';
import type { Tracer } from '../../../../stack/trace.js';
import { loadHttp2 } from '../../http2-module.js';
import type { Connection } from '../connection.js';
import { useMachineTime } from './machine-time.js';

/** Requests of one connection that are answered side by side; as nginx and Apache. */
export const MAX_STREAMS = 128;
export interface SecureFrontOptions {
  readonly certificates: readonly CertificateConfig[];
  /** Of a request's header list, bytes. */
  readonly maxHeaderBytes: number;
  /** What is spoken with those who ask for this name. */
  protocolsFor(serverName: string): readonly string[];
  /** A client of HTTP/1.1 has come in. */
  onHttp1(socket: TLSSocket, connection: Connection): void;
  onHttp2(session: ServerHttp2Session, connection: Connection): void;
  /** There was no handshake: "ERR_SSL_NO_SHARED_CIPHER". */
  onFailure(code: string, connection: Connection): void;
  readonly tracer: Tracer;
}

interface Identity {
  readonly names: readonly string[];
  readonly context: SecureContext;
}

export class SecureFront {
  readonly http2: Http2Server;
  private readonly options: SecureFrontOptions;
  private readonly identities = new Map<CertificateConfig, Identity>();

  private constructor(http2: typeof import('node:http2'), options: SecureFrontOptions) {
    this.options = options;
    this.http2 = http2.createServer({
      settings: { maxConcurrentStreams: MAX_STREAMS, maxHeaderListSize: options.maxHeaderBytes },
    });
  }

  static async open(options: SecureFrontOptions): Promise<SecureFront> {
    return new SecureFront(await loadHttp2(), options);
  }

  /** Takes a connection whose first byte is that of a TLS handshake. */
  accept(connection: Connection): void {
    const { socket } = connection;
    let identity = this.identityFor('');
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext: identity.context,
      SNICallback: (name, done) => {
        identity = this.identityFor(name);
        done(null, identity.context);
      },
      // Without a protocol in common the handshake ends with no_application_protocol (RFC 7301 section 3.2).
      // Who asks for an address names nobody: `servername` is false then, whatever its type says.
      ALPNCallback: ({ servername, protocols }) =>
        this.options.protocolsFor((servername || '').toLowerCase()).find((protocol) => protocols.includes(protocol)),
    });
    useMachineTime(secure, socket);
    secure.on('_tlsError', (error: Error & { code?: string }) => {
      // Before the handshake is done Node destroys the socket by itself, once its alert is on the way.
      if (connection.secure !== undefined) secure.destroy();
      else this.options.onFailure(error.code ?? error.message, connection);
    });
    secure.on('error', () => secure.destroy());
    if (this.options.tracer.enabled) this.traceSecrets(secure, socket);
    secure.once('secure', () => {
      const serverName = typeof secure.servername === 'string' ? secure.servername.toLowerCase() : '';
      connection.secure = { serverName, names: identity.names };
      this.traceHandshake(secure, socket, serverName);
      // As a tls.Server says it: HTTP/2 waits for it.
      Object.assign(secure, { secureConnecting: false });
      if (secure.alpnProtocol === 'h2') this.speakHttp2(secure, connection);
      else this.options.onHttp1(secure, connection);
    });
  }

  private speakHttp2(secure: TLSSocket, connection: Connection): void {
    this.http2.once('session', (session) => this.options.onHttp2(session, connection));
    this.http2.emit('connection', secure);
  }

  /** The certificate for a name, else the first one. Keys are read when they are first needed. */
  private identityFor(serverName: string): Identity {
    const name = serverName.toLowerCase();
    const { certificates } = this.options;
    const certificate = certificates.find(({ names }) => names.some((own) => own.toLowerCase() === name));
    const config = certificate ?? certificates[0];
    const known = this.identities.get(config);
    if (known !== undefined) return known;
    const { chain, key, names } = config;
    const identity = {
      names: names.map((own) => own.toLowerCase()),
      context: createSecureContext({ cert: chain, key, minVersion: 'TLSv1.2' }),
    };
    this.identities.set(config, identity);
    return identity;
  }

  private traceSecrets(secure: TLSSocket, socket: TcpSocket): void {
    const [local, remote] = endsOf(socket);
    secure.on('keylog', (line) => {
      this.options.tracer.emit({ event: 'tls-secret', local, remote, line: line.toString('latin1').trimEnd() });
    });
  }

  private traceHandshake(secure: TLSSocket, socket: TcpSocket, serverName: string): void {
    if (!this.options.tracer.enabled) return;
    const [local, remote] = endsOf(socket);
    this.options.tracer.emit({
      event: 'tls-established',
      local,
      remote,
      serverName,
      protocol: secure.getProtocol() ?? '',
      cipher: secure.getCipher().name,
      alpn: secure.alpnProtocol || '',
      sessionReused: secure.isSessionReused(),
    });
  }
}

function endsOf(socket: TcpSocket): readonly [local: string, remote: string] {
  return [`${socket.localAddress}:${socket.localPort}`, `${socket.remoteAddress}:${socket.remotePort}`];
}
