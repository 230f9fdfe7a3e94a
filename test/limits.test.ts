/** docs/limits.md against the program: its counters and its numbers. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { SILENCE_MS } from '../devices/apps/commands/zone-transfer.js';
import { DIAL_TIMEOUT_MS } from '../devices/apps/dial.js';
import { MAX_SERVERS as MAX_ZONE_SERVERS } from '../devices/apps/dns/delegation.js';
import { FORWARDER_TIMEOUT_MS } from '../devices/apps/dns/forwarder.js';
import { IDLE_MS, MAX_CONNECTIONS as MAX_DNS_CONNECTIONS, MAX_PIPELINED } from '../devices/apps/dns/listener.js';
import { MAX_MINIMISE_COUNT } from '../devices/apps/dns/qname-minimisation.js';
import { CACHED_RECORDS, MAX_RUNNING, SERVER_TIMEOUT_MS, TOTAL_MS } from '../devices/apps/dns/recursion.js';
import { MAX_QUERIES, MAX_TARGETS, MAX_TARGETS_A_ZONE } from '../devices/apps/dns/resolution-budget.js';
import { MAX_TIMED_SERVERS } from '../devices/apps/dns/server-times.js';
import {
  MAX_BODY_BYTES,
  MAX_DECODED_BYTES,
  MAX_RATIO,
  MAX_TEXT_BYTES,
  SUSPICIOUS_BYTES,
} from '../devices/apps/web/browser/body.js';
import { MAX_COOKIE_BYTES, MAX_COOKIES, MAX_DOMAIN_COOKIES } from '../devices/apps/web/browser/cookies.js';
import { STALL_LIMIT_MS, WHOLE_LIMIT_MS } from '../devices/apps/web/browser/deadline.js';
import { MAX_FRAME_DEPTH, MAX_IMPORT_DEPTH } from '../devices/apps/web/browser/document-load.js';
import { MAX_LOGGED_BODY_BYTES, MAX_LOGGED_BYTES } from '../devices/apps/web/browser/exchange-log.js';
import { MAX_RESOURCES } from '../devices/apps/web/browser/html/page-contents.js';
import { CACHE_BYTES, CACHE_ENTRIES, MAX_CACHED_BODY_BYTES } from '../devices/apps/web/browser/http-cache.js';
import { MAX_CONNECTIONS_PER_ORIGIN } from '../devices/apps/web/browser/origin-connections.js';
import { DEFAULT_MAX_REDIRECTS, MAX_REFRESH_SECONDS } from '../devices/apps/web/browser/page-load.js';
import { MAX_DELAYABLE } from '../devices/apps/web/browser/request-queue.js';
import { MAX_CODINGS } from '../devices/apps/web/client/content-coding.js';
import { MAX_HEAD_BYTES as MAX_RESPONSE_HEAD_BYTES } from '../devices/apps/web/client/http1-connection.js';
import { MAX_STREAMS as MAX_CLIENT_STREAMS } from '../devices/apps/web/client/http2-connection.js';
import { ANSWER_TIMEOUT_MS } from '../devices/apps/web/server/application.js';
import { MAX_COMPRESSED_BYTES, MAX_KEPT_BYTES, MIN_COMPRESSED_BYTES } from '../devices/apps/web/server/codings.js';
import {
  BODY_BYTES_PER_SECOND,
  BODY_TIMEOUT_MS,
  HEAD_TIMEOUT_MS,
  KEEP_ALIVE_TIMEOUT_MS,
} from '../devices/apps/web/server/connection.js';
import { DEFAULT_MAX_BODY_BYTES } from '../devices/apps/web/server/echo.js';
import { MAX_RANGES } from '../devices/apps/web/server/ranges.js';
import { MAX_STREAMS } from '../devices/apps/web/server/secure/secure-front.js';
import { MAX_TARGET } from '../devices/apps/web/server/site-answers.js';
import { IDLE_TIMEOUT_MS, MAX_HEAD_BYTES } from '../devices/apps/web/server/web-server.js';
import { STREAM_WINDOW_BYTES } from '../devices/control/stream.js';
import {
  DEFAULT_LIMIT as CACHE_RECORDS,
  MAX_CACHED_TTL_SECONDS,
  MAX_CNAME_CHAIN,
  MAX_NEGATIVE_SECONDS,
} from '../devices/net/dns-cache.js';
import { FIRST_FAILURE_MS, MAX_FAILURE_MS } from '../devices/net/recent-failures.js';
import { MAX_STREAMS as MAX_DEVICE_STREAMS, MAX_STREAM_BACKLOG_BYTES } from '../devices/runtime/streams.js';
import { MAX_WAITING } from '../devices/stack/ip/neighbor.js';
import { MAX_NEIGHBORS } from '../devices/stack/ip/neighbors.js';
import { REASSEMBLY_MEMORY_BYTES, REASSEMBLY_TIMEOUT_MS } from '../devices/stack/ip/reassembly.js';
import { MAX_LINE_BYTES, MAX_LINE_PACKETS } from '../devices/stack/link/impairment/settings.js';
import { MAX_MAC_ENTRIES } from '../devices/stack/link/switch.js';
import { MAX_CONNECTIONS } from '../devices/stack/tcp/connection-table.js';
import { MAX_BLOCKS } from '../devices/stack/tcp/receiving/reassembly.js';
import { MAX_RECEIVE_BUFFER_BYTES } from '../devices/stack/tcp/receiving/receive-autotuning.js';
import { MAX_SEND_BUFFER_BYTES } from '../devices/stack/tcp/sending/send-autotuning.js';
import { UDP_DATAGRAM_OVERHEAD_BYTES, UDP_RECEIVE_BUFFER_BYTES } from '../devices/stack/transport/udp-endpoint.js';
import { EDNS_UDP_SIZE } from '../devices/stack/wire/edns.js';
import { AWAY_SHARE, MOST_PLANNED } from '../orchestrator/chaos/monkey-plan.js';
import { MOST_FAULTS } from '../orchestrator/chaos/registry.js';
import { LONGEST_MS } from '../orchestrator/chaos/request-schema.js';
import { MAX_FORWARDED } from '../orchestrator/proxy/port-forward.js';
import { HANDSHAKE_LIMIT_MS, MAX_CLIENTS, MAX_HEADER_BYTES } from '../orchestrator/proxy/proxy-server.js';
import { MOST_QUANTILES, MOST_STATES } from '../orchestrator/topology/schema-impairment.js';

const text = readFileSync('docs/limits.md', 'utf8');
const [stackText, serverText, browserText, namesText] = text.split(/\n## (?:Web servers|The browser|Names)\n/);
const rows = stackText
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(2)
  .map((line) => line.split('|').map((cell) => cell.trim()));

function sources(folder: string): string {
  return readdirSync(folder, { withFileTypes: true })
    .map((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? sources(path) : readFileSync(path, 'utf8');
    })
    .join('\n');
}

const stack = sources('devices/stack');

t.test('every counter of the table is counted', async (t) => {
  t.ok(rows.length > 10);
  for (const [, what, , , counter] of rows) {
    const name = /`([\w.]+)`/.exec(counter)?.[1];
    t.ok(name !== undefined && stack.includes(`'${name}'`), what);
  }
});

t.test('every counter that speaks of a limit is in the table', async (t) => {
  const names = new Set(stack.match(/'(arp|icmp|ipv4|udp|tcp|switch)\.\w*(Full|Limited|HeldBack)'/g) ?? []);
  t.ok(names.size > 8);
  for (const name of names) t.ok(text.includes(`\`${name.slice(1, -1)}\``), name);
});

t.test('the numbers are those of the program', async (t) => {
  const limitOf = (counter: string) => rows.find((cells) => cells[4].includes(`\`${counter}\``))?.[2] ?? '';
  const limits: [string, number][] = [
    ['switch.tableFull', MAX_MAC_ENTRIES],
    ['arp.tableFull', MAX_NEIGHBORS],
    ['arp.queueFull', MAX_WAITING],
    ['ipv4.reassemblyFull', REASSEMBLY_MEMORY_BYTES],
    ['ipv4.reassemblyTimeout', REASSEMBLY_TIMEOUT_MS / 1000],
    ['udp.receiveBufferFull', UDP_RECEIVE_BUFFER_BYTES],
    ['udp.receiveBufferFull', UDP_DATAGRAM_OVERHEAD_BYTES],
    ['tcp.tableFull', MAX_CONNECTIONS],
    ['tcp.outOfOrderDropped', MAX_BLOCKS],
  ];
  for (const [counter, value] of limits) {
    t.ok(new RegExp(`\\b${value}\\b`).test(limitOf(counter)), `${counter}: ${value}`);
  }
  t.ok(text.includes(`${MAX_LINE_BYTES} bytes or ${MAX_LINE_PACKETS} frames a direction`));
  t.ok(text.includes(`${MAX_RECEIVE_BUFFER_BYTES} bytes to receive and ${MAX_SEND_BUFFER_BYTES} bytes to send`));
});

t.test('those of the web server, too', async (t) => {
  const row = (beginning: string) => serverText.split('\n').find((line) => line.startsWith(`| ${beginning}`)) ?? '';
  const limits: [string, number][] = [
    ['send as the head', MAX_HEAD_BYTES],
    ['ask for as an address', MAX_TARGET],
    ['send as a body', DEFAULT_MAX_BODY_BYTES],
    ["take for TLS's handshake", HEAD_TIMEOUT_MS / 1000],
    ['take for a body', BODY_TIMEOUT_MS / 1000],
    ['take for a body', BODY_BYTES_PER_SECOND],
    ['be silent between', KEEP_ALIVE_TIMEOUT_MS / 1000],
    ['be silent in the middle', IDLE_TIMEOUT_MS / 1000],
    ['ask for as ranges', MAX_RANGES],
    ['ask side by side', MAX_STREAMS],
  ];
  for (const [what, value] of limits) t.match(row(what), new RegExp(`\\b${value}\\b`), what);
  t.ok(serverText.includes(`${MIN_COMPRESSED_BYTES} bytes to ${MAX_COMPRESSED_BYTES} bytes are compressed`));
  t.ok(serverText.includes(`${MAX_KEPT_BYTES} bytes are kept`));
  t.ok(serverText.includes(`An application has ${ANSWER_TIMEOUT_MS / 1000} s`));
});

t.test('those of the browser, too', async (t) => {
  const row = (beginning: string) => browserText.split('\n').find((line) => line.startsWith(`| ${beginning}`)) ?? '';
  const limits: [string, number][] = [
    ['a load in which nothing', STALL_LIMIT_MS / 1000],
    ['a load that always', WHOLE_LIMIT_MS / 1000],
    ['redirects', DEFAULT_MAX_REDIRECTS],
    ['the wait for a refresh', MAX_REFRESH_SECONDS],
    ['the head', MAX_RESPONSE_HEAD_BYTES],
    ['a body |', MAX_BODY_BYTES],
    ['a body with', MAX_DECODED_BYTES],
    ['a body with', SUSPICIOUS_BYTES],
    ['a body with', MAX_RATIO],
    ['content codings', MAX_CODINGS],
    ['what is read', MAX_TEXT_BYTES],
    ['what a page asks for', MAX_RESOURCES],
    ['frames', MAX_FRAME_DEPTH],
    ['style sheets', MAX_IMPORT_DEPTH],
    ['connections', MAX_CONNECTIONS_PER_ORIGIN],
    ['streams', MAX_CLIENT_STREAMS],
    ['requests of medium', MAX_DELAYABLE],
    ['the HTTP cache', CACHE_BYTES],
    ['the HTTP cache', CACHE_ENTRIES],
    ['the HTTP cache', MAX_CACHED_BODY_BYTES],
    ['cookies', MAX_COOKIES],
    ['cookies', MAX_DOMAIN_COOKIES],
    ['cookies', MAX_COOKIE_BYTES],
    ['bodies in the result', MAX_LOGGED_BODY_BYTES],
    ['bodies in the result', MAX_LOGGED_BYTES],
  ];
  for (const [what, value] of limits) t.match(row(what), new RegExp(`\\b${value}\\b`), what);
});

t.test('those of streams and of the proxy, too', async (t) => {
  const streams = text.slice(text.indexOf('## Streams, the proxy')).replaceAll('\n', ' ');
  t.equal(MAX_DEVICE_STREAMS, MAX_CLIENTS);
  t.equal(MAX_FORWARDED, MAX_CLIENTS);
  t.equal(MAX_STREAM_BACKLOG_BYTES, STREAM_WINDOW_BYTES);
  t.ok(streams.includes(`A device carries ${MAX_DEVICE_STREAMS} streams`));
  t.ok(streams.includes(`${STREAM_WINDOW_BYTES} bytes may wait`));
  t.ok(streams.includes(`A connection has ${DIAL_TIMEOUT_MS / 1000} s to come about`));
  t.ok(streams.includes(`serve ${MAX_CLIENTS} clients at once`));
  t.ok(streams.includes(`has ${HANDSHAKE_LIMIT_MS / 1000} s to say what it wants, and ${MAX_HEADER_BYTES} bytes`));
});

t.test('those of chaos, too', async (t) => {
  const chaos = text.slice(text.indexOf('## Chaos')).replaceAll('\n', ' ');
  t.ok(chaos.includes(`${MOST_FAULTS} faults are in force`));
  t.ok(chaos.includes(`The monkey makes ${MOST_PLANNED} faults at most`));
  t.equal(AWAY_SHARE, 0.25, 'a quarter');
  t.ok(chaos.includes(`within ${Math.floor(LONGEST_MS / 86_400_000)} days`));
  t.ok(chaos.includes(`has ${MOST_QUANTILES} quantiles at most, a chain of losses ${MOST_STATES} states`));
});

t.test('those of names, too', async (t) => {
  const row = (beginning: string) => namesText.split('\n').find((line) => line.startsWith(`| ${beginning}`)) ?? '';
  const limits: [string, number][] = [
    ['a UDP message', EDNS_UDP_SIZE],
    ['TCP connections', MAX_DNS_CONNECTIONS],
    ['questions under way', MAX_PIPELINED],
    ['an idle one', IDLE_MS / 1000],
    ['questions that a recursive', MAX_RUNNING],
    ['questions to other', MAX_QUERIES],
    ['questions to other', TOTAL_MS / 1000],
    ['name servers without', MAX_TARGETS_A_ZONE],
    ['name servers without', MAX_TARGETS],
    ['name servers of', MAX_ZONE_SERVERS],
    ['aliases', MAX_CNAME_CHAIN],
    ['questions for parts', MAX_MINIMISE_COUNT],
    ['a question to one', SERVER_TIMEOUT_MS / 1000],
    ['a question to one', FORWARDER_TIMEOUT_MS / 1000],
    ['a failure', FIRST_FAILURE_MS / 1000],
    ['a failure', MAX_FAILURE_MS / 1000],
    ['the cache of', CACHED_RECORDS],
    ['the caches of', CACHE_RECORDS],
    ['a TTL', MAX_CACHED_TTL_SECONDS],
    ['a TTL', MAX_NEGATIVE_SECONDS],
    ['servers whose', MAX_TIMED_SERVERS],
    ["a zone's", SILENCE_MS / 1000],
  ];
  for (const [what, value] of limits) t.match(row(what), new RegExp(`\\b${value}\\b`), what);
});
