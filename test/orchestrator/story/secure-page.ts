/** Two things loaded over one connection of HTTP/2, frame by frame: the handshake as Node speaks it, then records by hand. */
import type { FetchedExchange } from '../../../devices/control.js';
import { concatBytes, fromHex } from '../../../devices/stack/wire/bytes.js';
import type { Scene } from '../../../orchestrator/story/scene.js';
import { MODERN_FLIGHTS, OLD_FLIGHTS } from '../../support/recorded-tls.js';
import { exchange, SECURE, timing } from '../har/exchanges.js';
import { SceneBuilder, START, tcpPacket } from './frames.js';

const CLIENT = { mac: '02:00:00:00:00:01', ip: '192.0.2.2', port: 40000 };
const SERVER = { mac: '02:00:00:00:00:02', ip: '192.0.2.1', port: 443 };
const ENDS = { local: '192.0.2.2:40000', remote: '192.0.2.1:443' };
export const PAGE = 'https://www.server.com/';
export const STYLE = 'https://www.server.com/a.css';
const CHANGE_CIPHER = fromHex('140303000101');

/** A record with so many encrypted bytes. */
function encrypted(length: number): Uint8Array {
  return concatBytes(Uint8Array.of(23, 3, 3, length >>> 8, length & 255), new Uint8Array(length).fill(0xee));
}

/** What both sides say, in order; each piece a segment, at its time since the load began. */
class SecureBuilder extends SceneBuilder {
  private readonly next = { client: 101, server: 501 };

  constructor() {
    super();
    this.port('client:eth0', 'host', CLIENT.mac, ['192.0.2.2/24']);
    this.port('server:eth0', 'host', SERVER.mac, ['192.0.2.1/24']);
    this.at(1)
      .seen(tcpPacket(CLIENT, SERVER, { flags: 'S', seq: 100, mss: 1460 }), 'client:eth0 out')
      .seen(tcpPacket(SERVER, CLIENT, { flags: 'SA', seq: 500, ack: 101, mss: 1460 }), 'client:eth0 in')
      .seen(tcpPacket(CLIENT, SERVER, { flags: 'A', seq: 101, ack: 501 }), 'client:eth0 out');
  }

  says(who: 'client' | 'server', atMs: number, ...pieces: readonly Uint8Array[]): this {
    const data = concatBytes(...pieces);
    const isClient = who === 'client';
    const [from, to] = isClient ? [CLIENT, SERVER] : [SERVER, CLIENT];
    const other = isClient ? 'server' : 'client';
    const segment = { flags: 'PA', seq: this.next[who], ack: this.next[other], data };
    this.next[who] += data.length;
    return this.at(atMs).seen(tcpPacket(from, to, segment), `client:eth0 ${isClient ? 'out' : 'in'}`);
  }

  asks(atMs: number, url: string, protocol = 'HTTP/2'): this {
    const { pathname } = new URL(url);
    const start = protocol === 'HTTP/2' ? `:method: GET\r\n:path: ${pathname}` : `GET ${pathname} ${protocol}`;
    const head = `${start}\r\ncookie: id=7; theme=x\r\n\r\n`;
    return this.at(atMs).told('client', {
      event: 'http-request',
      url,
      method: 'GET',
      protocol,
      head,
      bodyBytes: 0,
      ...ENDS,
    });
  }

  gets(atMs: number, url: string): this {
    const head = 'HTTP/2 200\r\nset-cookie: id=8; Path=/\r\n\r\n';
    return this.at(atMs).told('client', { event: 'http-response', url, status: 200, head, bodyBytes: 9, ...ENDS });
  }
}

const secured = { protocol: 'HTTP/2', secure: SECURE, ...ENDS } as const;

export const EXCHANGES: readonly FetchedExchange[] = [
  exchange({
    ...secured,
    url: PAGE,
    timing: timing({ startTime: 0, fetchStart: 0, requestStart: 30.5, responseStart: 40.2, responseEnd: 42.2 }),
  }),
  exchange({
    ...secured,
    url: STYLE,
    initiator: 'link',
    timing: timing({ startTime: 30, fetchStart: 30, requestStart: 30.6, responseStart: 42.2, responseEnd: 44.2 }),
  }),
];

/** Frames 1 to 3 are TCP's handshake; 4 to 6 that of TLS; 7 has both requests, 8 to 10 the responses. */
export function securePage(change: Partial<Parameters<SecureBuilder['build']>[1]> = {}): Scene {
  const scene = new SecureBuilder()
    .says('client', 10, MODERN_FLIGHTS[0])
    .says('server', 20, MODERN_FLIGHTS[1])
    .at(30)
    .told('client', {
      ...{ event: 'tls-established', serverName: 'www.server.com', protocol: 'TLSv1.3', ...ENDS },
      ...{ cipher: 'TLS_AES_256_GCM_SHA384', alpn: 'h2', sessionReused: false },
    })
    .asks(30.5, PAGE)
    .asks(30.6, STYLE)
    // The last of the handshake leaves a little later than the browser thinks.
    .says('client', 30.7, CHANGE_CIPHER, encrypted(69))
    .says('client', 31, encrypted(100))
    .says('server', 40, encrypted(200))
    .says('server', 42, encrypted(300))
    .gets(42.2, PAGE)
    .says('server', 44, encrypted(100))
    .gets(44.2, STYLE);
  const resources = EXCHANGES.map(({ url, status, bytes, sha256, contentType, initiator }) => {
    const times = { startAt: START, endAt: START + 45 };
    return { url, status, bytes, sha256, contentType, initiator, fromCache: false, ...times, ...ENDS };
  });
  const whole = { url: PAGE, finalUrl: PAGE, title: 'Page', resources, connections: [ENDS], exchanges: EXCHANGES };
  return scene.build('client', { ...whole, ...change });
}

/** TLS 1.2, whose certificate passes in the clear. */
export function oldSecurePage(): Scene {
  const scene = new SecureBuilder()
    .says('client', 10, OLD_FLIGHTS[0])
    .says('server', 20, OLD_FLIGHTS[1])
    .says('client', 30, OLD_FLIGHTS[2])
    .asks(40, PAGE, 'HTTP/1.1')
    .says('client', 40, encrypted(90))
    .says('server', 50, encrypted(500));
  return scene.build('client', { connections: [ENDS] });
}

/** The server knows nothing that the client offers. */
export function refusedPage(): Scene {
  const scene = new SecureBuilder().says('client', 10, MODERN_FLIGHTS[0]).says('server', 20, fromHex('15030300020228'));
  const error = { code: 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', message: 'handshake failure', stage: 'tls' as const };
  const failed = exchange({
    ...{
      url: PAGE,
      status: 0,
      statusText: '',
      protocol: '',
      responseHeaders: [],
      error,
      local: undefined,
      remote: undefined,
    },
    timing: timing({ startTime: 0, fetchStart: 0, connectStart: 1, secureConnectionStart: 2, responseEnd: 20 }),
  });
  const resource = {
    url: PAGE,
    status: 0,
    bytes: 0,
    sha256: '',
    contentType: '',
    initiator: 'document',
    fromCache: false,
  };
  const times = { startAt: START, endAt: START + 20 };
  return scene.build('client', {
    ...{ url: PAGE, finalUrl: PAGE, ok: false, status: 0, error, exchanges: [failed] },
    resources: [{ ...resource, ...times, error }],
  });
}
