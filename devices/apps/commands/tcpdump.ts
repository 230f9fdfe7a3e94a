/**
 * `tcpdump` on the device's own ports: what comes in and goes out, a line a packet. Its filter is libpcap's or
 * Wireshark's, as it is written.
 *
 * It sees what the device sees: not what its interface refuses (a bad FCS), but what is lost on the cable after it was
 * sent. Names are never asked for: that would make packets of its own.
 */
import type { Instant } from '../../stack/clock.js';
import type { Direction, Port } from '../../stack/link/port.js';
import { BROADCAST_MAC, isGroupMac, readMac } from '../../stack/wire/address.js';
import { FRAME_OFFSET } from '../../stack/wire/ethernet.js';
import { type Filter, isFilterError } from '../../stack/wire/filter/filter.js';
import { compileEitherFilter } from '../../stack/wire/pcap-filter/pcap-filter.js';
import { PacketPrinter } from '../../stack/wire/tcpdump/packet-printer.js';
import type { Command, CommandIo, PortContext } from './command.js';
import { CommandFailure, defineCommand } from './define.js';
import { readTcpdumpOptions, type TcpdumpOptions } from './tcpdump-options.js';
import { PacketTimes } from './tcpdump-time.js';

/** Why a fault takes away what has left. */
const LOST_LATER = ['chaosDrop', 'blackhole'];
/** Packets that wait to be printed; what comes on top is counted as dropped, as the kernel does it. */
const MAX_PENDING_BYTES = 4 * 1024 * 1024;
const SNAPSHOT_LENGTH = 262144;

export function tcpdump(context: PortContext): Command {
  return defineCommand({
    name: 'tcpdump',
    summary: 'print the packets of an interface, or of all',
    usage:
      'tcpdump [-AeKlnpqStUvxX#] [-D] [-i interface|any] [-c count] [-Q in|out|inout] [expression]\n' +
      '       tcpdump port 80 and host 10.0.0.1        (libpcap)\n' +
      "       tcpdump 'tcp.port == 80 && ip.addr == 10.0.0.1'  (Wireshark)",
    async run(argv, io) {
      const options = readTcpdumpOptions(argv);
      if (options.listInterfaces) {
        const names = [...context.ports.map(({ name }) => name), 'any'];
        io.stdout(names.map((name, index) => `${index + 1}.${name}\n`).join(''));
        return 0;
      }
      return new TcpdumpRun(context, options, filterOf(options.expression), io).run();
    },
  });
}

/** Says where it is wrong, with a mark below the place. */
function filterOf(expression: string): Filter {
  const filter = compileEitherFilter(expression);
  if (!isFilterError(filter)) return filter;
  const mark = `${expression}\n${' '.repeat(filter.column - 1)}^`;
  throw new CommandFailure(`can't parse filter expression: ${filter.message}\n${mark}`);
}

interface Pending {
  readonly port: Port;
  readonly packet: Uint8Array;
  readonly direction: Direction;
  readonly at: Instant;
}

/** One run of the command, ended by its count or by Ctrl-C. */
class TcpdumpRun {
  private readonly context: PortContext;
  private readonly options: TcpdumpOptions;
  private readonly filter: Filter;
  private readonly io: CommandIo;
  private readonly printer: PacketPrinter;
  private readonly times: PacketTimes;
  private readonly startedAt: Instant;
  /** What to add to an instant for milliseconds since 1970. */
  private readonly epochMs: number;
  private pending: Pending[] = [];
  private pendingBytes = 0;
  private wake: () => void = () => {};
  private isEnded = false;
  private printed = 0;
  private received = 0;
  private dropped = 0;

  constructor(context: PortContext, options: TcpdumpOptions, filter: Filter, io: CommandIo) {
    this.context = context;
    this.options = options;
    this.filter = filter;
    this.io = io;
    this.printer = new PacketPrinter(options.print);
    this.times = new PacketTimes(options.timeFormat);
    this.startedAt = context.now();
    this.epochMs = context.wallClock() - this.startedAt;
  }

  async run(): Promise<number> {
    const { io } = this;
    const ports = this.chosenPorts();
    const end = (): void => {
      this.isEnded = true;
      this.wake();
    };
    const shown = ports.length === 1 && this.options.interface !== 'any' ? ports[0].name : 'any';
    const hint = this.options.print.verbosity
      ? 'tcpdump: '
      : 'tcpdump: verbose output suppressed, use -v[v]... for full protocol decode\n';
    io.stderr(`${hint}listening on ${shown}, link-type EN10MB (Ethernet), snapshot length ${SNAPSHOT_LENGTH} bytes\n`);
    io.signal.addEventListener('abort', end, { once: true });
    if (io.signal.aborted) end();
    const removers = ports.map((port) =>
      port.addTap((packet, direction, dropped, at) => this.see(port, packet, direction, dropped, at)),
    );
    try {
      await this.printAll(shown === 'any');
    } finally {
      for (const remove of removers) remove();
      io.signal.removeEventListener('abort', end);
    }
    io.stderr(`${packets(this.printed)} captured\n${packets(this.received)} received by filter\n`);
    io.stderr(`${packets(this.dropped)} dropped by kernel\n`);
    return 0;
  }

  private chosenPorts(): readonly Port[] {
    const { ports } = this.context;
    const { interface: wanted } = this.options;
    if (wanted === 'any') return ports;
    const port = wanted === undefined ? ports[0] : ports.find(({ name }) => name === wanted);
    if (port !== undefined) return [port];
    if (wanted === undefined) throw new CommandFailure('there is no interface here');
    const names = ports.map(({ name }) => name).join(' ');
    throw new CommandFailure(`${wanted}: No such device exists\n(interfaces here: ${names} any)`);
  }

  /** In the middle of the device's work: what costs time comes later. */
  private see(port: Port, packet: Uint8Array, direction: Direction, dropped: string, at: Instant): void {
    const { direction: wanted, count } = this.options;
    if (wanted !== 'inout' && wanted !== direction) return;
    // The machine has sent it; that the link, or a fault, takes it away comes after its own eyes.
    const isLostLater = direction === 'out' && (dropped.startsWith('impairment') || LOST_LATER.includes(dropped));
    if ((dropped !== '' && !isLostLater) || this.received >= count) return;
    const meta = { timeMs: at - this.startedAt, direction, interface: port.name, number: this.received + 1 };
    if (!this.filter.matches(packet, meta)) return;
    this.received += 1;
    if (this.pendingBytes + packet.length > MAX_PENDING_BYTES) {
      this.dropped += 1;
      return;
    }
    this.pendingBytes += packet.length;
    // The array may be a view of what others hold on to, or write to.
    this.pending.push({ port, packet: packet.slice(), direction, at });
    this.wake();
  }

  private async printAll(isAny: boolean): Promise<void> {
    for (;;) {
      const { pending } = this;
      this.pending = [];
      this.pendingBytes = 0;
      for (const each of pending) {
        this.io.stdout(this.lineOf(each, isAny));
        this.printed += 1;
      }
      const isFull = this.printed + this.dropped >= this.options.count;
      if (isFull || (this.isEnded && this.pending.length === 0)) return;
      await this.io.drained();
      if (this.pending.length === 0 && !this.isEnded) {
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
      }
    }
  }

  private lineOf({ port, packet, direction, at }: Pending, isAny: boolean): string {
    const number = this.options.number ? `${String(this.printed + 1).padStart(5)}  ` : '';
    const where = isAny ? `${port.name.padEnd(5)} ${wayOf(packet, direction).padEnd(3)} ` : '';
    return `${number}${this.times.next(this.epochMs + at)}${where}${this.printer.print(packet)}\n`;
  }
}

/** As `tcpdump -i any` has it: out, in, in to all, in to a group. */
function wayOf(packet: Uint8Array, direction: Direction): string {
  if (direction === 'out') return 'Out';
  const destination = readMac(packet, FRAME_OFFSET);
  if (destination === BROADCAST_MAC) return 'B';
  return isGroupMac(destination) ? 'M' : 'In';
}

function packets(count: number): string {
  return `${count} packet${count === 1 ? '' : 's'}`;
}
