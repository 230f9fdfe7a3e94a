/** What `dig` writes besides the message itself. */
import type { DnsReply } from '../../net/dns-exchange.js';
import { formatRecordData } from '../../stack/wire/dns-record.js';
import type { ChosenServer } from '../dns/client.js';
import { formatMessage, type MessageStyle } from '../dns/presentation.js';
import type { CommandIo } from './command.js';
import type { DigLookup } from './dig-lookup.js';
import type { DigOutput } from './dig-options.js';

export class DigScreen {
  private readonly io: CommandIo;
  private readonly output: DigOutput;
  private readonly wallClock: () => number;
  /** The call's arguments, told once, before the first message. */
  private banner: string;

  constructor(io: CommandIo, output: DigOutput, argv: readonly string[], isServerNamed: boolean, clock: () => number) {
    this.io = io;
    this.output = output;
    this.wallClock = clock;
    const found = isServerNamed ? '; (1 server found)\n' : '';
    const shown = output.cmd && !output.short;
    this.banner = shown ? `\n; <<>> DiG (netarium) <<>> ${argv.join(' ')}\n${found};; global options: +cmd\n` : '';
  }

  line(text: string): void {
    this.io.stdout(`${text}\n`);
  }

  showBanner(): void {
    this.io.stdout(this.banner);
    this.banner = '';
  }

  query(lookup: DigLookup, message: DnsReply['query'], bytes: number): void {
    if (!lookup.query || this.output.short) return;
    this.showBanner();
    if (lookup.comments) this.line(';; Sending:');
    this.io.stdout(formatMessage(message, styleOf(lookup)));
    if (lookup.stats) this.line(`;; QUERY SIZE: ${bytes}\n`);
  }

  reply(lookup: DigLookup, reply: DnsReply, server: ChosenServer): void {
    if (this.output.short) {
      const from = lookup.identify ? ` from server ${reply.server} in ${Math.round(reply.ms)} ms.` : '';
      const answers = lookup.sections.has('answer') ? reply.message.answers : [];
      for (const record of answers) this.line(`${formatRecordData(record)}${from}`);
      return;
    }
    this.showBanner();
    if (lookup.comments) this.line(';; Got answer:');
    this.io.stdout(formatMessage(reply.message, styleOf(lookup), reply.query));
    this.received(lookup, reply, server, `MSG SIZE  rcvd: ${reply.bytes}`);
  }

  /** `size`: the last line of the statistics. */
  received(lookup: DigLookup, reply: Omit<DnsReply, 'message' | 'query'>, server: ChosenServer, size: string): void {
    const endpoint = `${reply.server}#${reply.port}(${server.name})`;
    const ms = Math.round(reply.ms);
    if (lookup.stats) {
      this.line(`;; Query time: ${ms} msec`);
      this.line(`;; SERVER: ${endpoint} (${reply.transport.toUpperCase()})`);
      this.line(`;; WHEN: ${formatDate(this.wallClock())}`);
      this.line(`;; ${size}\n`);
    } else if (lookup.identify) this.line(`;; Received ${reply.bytes} bytes from ${endpoint} in ${ms} ms\n`);
  }
}

export function styleOf(lookup: DigLookup): MessageStyle {
  const { comments, sections, showTtl, showClass, ttlUnits, multiline } = lookup;
  return { comments, sections, ttl: showTtl, class: showClass, ttlUnits, multiline };
}

/** `Sun Nov 22 19:04:05 UTC 2026`. */
function formatDate(wallClockMs: number): string {
  const [day, date, month, year, time] = new Date(wallClockMs).toUTCString().replace(',', '').split(' ');
  return `${day} ${month} ${date} ${time} UTC ${year}`;
}
