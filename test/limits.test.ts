/** docs/limits.md against the program: its counters and its numbers. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
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
const rows = text
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
