import type { TlsSession } from '../../../net/tls-client.js';
import type { TlsSessions } from './dial.js';

/** Servers whose sessions are kept. */
const MAX_SESSIONS = 100;

/** The last TLS session with each server. One is used once, as RFC 8446 appendix C.4 asks of clients. */
export class KeptSessions implements TlsSessions {
  private readonly sessions = new Map<string, TlsSession>();

  take(server: string): TlsSession | undefined {
    const session = this.sessions.get(server);
    this.sessions.delete(server);
    return session;
  }

  put(server: string, session: TlsSession): void {
    this.sessions.delete(server);
    this.sessions.set(server, session);
    for (const oldest of this.sessions.keys()) {
      if (this.sessions.size <= MAX_SESSIONS) return;
      this.sessions.delete(oldest);
    }
  }

  clear(): void {
    this.sessions.clear();
  }
}
