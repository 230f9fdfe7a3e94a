/** docs/limits.md against the program: its counters and its numbers. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
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
import { MAX_WAITING } from '../devices/stack/ip/neighbor.js';
import { MAX_NEIGHBORS } from '../devices/stack/ip/neighbors.js';
import { REASSEMBLY_MEMORY_BYTES, REASSEMBLY_TIMEOUT_MS } from '../devices/stack/ip/reassembly.js';
import { MAX_MAC_ENTRIES } from '../devices/stack/link/switch.js';
import { MAX_CONNECTIONS } from '../devices/stack/tcp/connection-table.js';
import { MAX_BLOCKS } from '../devices/stack/tcp/receiving/reassembly.js';
import { MAX_RECEIVE_BUFFER_BYTES } from '../devices/stack/tcp/receiving/receive-autotuning.js';
import { MAX_SEND_BUFFER_BYTES } from '../devices/stack/tcp/sending/send-autotuning.js';
import { UDP_DATAGRAM_OVERHEAD_BYTES, UDP_RECEIVE_BUFFER_BYTES } from '../devices/stack/transport/udp-endpoint.js';

const text = readFileSync('docs/limits.md', 'utf8');
const [stackText, webText] = text.split('\n## Web servers\n');
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
  t.ok(text.includes(`${MAX_RECEIVE_BUFFER_BYTES} bytes to receive and ${MAX_SEND_BUFFER_BYTES} bytes to send`));
});

t.test('those of the web server, too', async (t) => {
  const row = (beginning: string) => webText.split('\n').find((line) => line.startsWith(`| ${beginning}`)) ?? '';
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
  t.ok(webText.includes(`${MIN_COMPRESSED_BYTES} bytes to ${MAX_COMPRESSED_BYTES} bytes are compressed`));
  t.ok(webText.includes(`${MAX_KEPT_BYTES} bytes are kept`));
  t.ok(webText.includes(`An application has ${ANSWER_TIMEOUT_MS / 1000} s`));
});
