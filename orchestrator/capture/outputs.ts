/** What a live capture is written as: a pcapng file, a line a frame, or JSON. */
import type { CaptureInterface } from '../../devices/control.js';
import { FRAME_OFFSET } from '../../devices/stack/wire/ethernet.js';
import { PacketPrinter } from '../../devices/stack/wire/tcpdump/packet-printer.js';
import { jsonText, type Paint, visible } from '../terminal.js';
import type { ByteSink } from './byte-sink.js';
import { frameMark } from './frame-mark.js';
import type { LiveFrame } from './live.js';
import { PcapngWriter } from './pcapng-writer.js';

/** `missed`: there is no room now. `full`: there never will be, the limit is reached. */
export type Taken = 'taken' | 'missed' | 'full';

export interface CaptureOutput {
  readonly sink: ByteSink;
  /** A link end that is captured; before its first frame. */
  interface(description: CaptureInterface): void;
  frame(frame: LiveFrame, number: number): Taken;
  /** A line of an NSS key log, for outputs that can hold it. */
  secret?(line: string): void;
  /** What comes after the last frame. */
  finish(): void;
}

export class PcapngOutput implements CaptureOutput {
  readonly sink: ByteSink;
  private readonly writer: PcapngWriter;
  private readonly byteLimit: number;
  /** Of each interface, frames missed since the last one that was written. */
  private readonly missing: number[] = [];

  constructor(sink: ByteSink, epochOffsetMs: number, comment: string, byteLimit = Number.POSITIVE_INFINITY) {
    this.sink = sink;
    this.writer = new PcapngWriter(epochOffsetMs);
    this.byteLimit = byteLimit;
    sink.write(this.writer.header(comment));
  }

  interface(description: CaptureInterface): void {
    this.interfaceId(description);
  }

  frame(frame: LiveFrame): Taken {
    const interfaceId = this.interfaceId(frame.on);
    const block = this.writer.frame({ ...frame, interfaceId, missing: this.missing[interfaceId] });
    if (this.sink.bytes + block.length > this.byteLimit) return 'full';
    if (this.sink.offer(block)) {
      this.missing[interfaceId] = 0;
      return 'taken';
    }
    this.missing[interfaceId] = (this.missing[interfaceId] ?? 0) + 1;
    return 'missed';
  }

  secret(line: string): void {
    const block = this.writer.secrets([line]);
    if (this.sink.bytes + block.length <= this.byteLimit) this.sink.write(block);
  }

  finish(): void {}

  private interfaceId(description: CaptureInterface): number {
    const { id, block } = this.writer.interface(description);
    if (block !== undefined) this.sink.write(block);
    return id;
  }
}

/** What a frame says: a line, and more below it where nobody knows the protocol. */
export type FrameFormat = (packet: Uint8Array, on: CaptureInterface) => string;

/** As tcpdump prints it. Each link has a printer, since sequence numbers count from where a connection began on it. */
export function tcpdumpFormat(): FrameFormat {
  const printers = new Map<string, PacketPrinter>();
  return (packet, { device, port, link }) => {
    const key = link === '' ? `${device}:${port}` : link;
    const printer = printers.get(key) ?? new PacketPrinter();
    printers.set(key, printer);
    return printer.print(packet);
  };
}

const encoder = new TextEncoder();

/** `12:34:56.789012 client:eth0  Out IP 10.0.0.1 > 10.0.0.2: ICMP echo request, …`, as `tcpdump -i any` has it. */
export class TextOutput implements CaptureOutput {
  readonly sink: ByteSink;
  private readonly epochOffsetMs: number;
  private readonly format: FrameFormat;
  private readonly paint: Paint;
  private width = 0;

  constructor(sink: ByteSink, epochOffsetMs: number, format: FrameFormat, paint: Paint) {
    this.sink = sink;
    this.epochOffsetMs = epochOffsetMs;
    this.format = format;
    this.paint = paint;
  }

  interface({ device, port }: CaptureInterface): void {
    this.width = Math.max(this.width, `${device}:${port}`.length);
  }

  frame(frame: LiveFrame): Taken {
    const { at, on, direction, dropped, packet } = frame;
    const { paint } = this;
    const time = paint('dim', timeOfDay(this.epochOffsetMs + at));
    const end = paint('cyan', `${on.device}:${on.port}`.padEnd(this.width));
    const way = direction === 'in' ? paint('green', 'In ') : paint('yellow', 'Out');
    const [text, ...below] = this.format(packet, on).split('\n').map(visible);
    const mark = frameMark(frame);
    const shown = mark === '' ? text : paint(dropped === '' ? 'yellow' : 'red', `${text} [${visible(mark)}]`);
    const lines = [`${time} ${end} ${way} ${shown}`, ...below.map((line) => paint('dim', line)), ''];
    return this.sink.offer(encoder.encode(lines.join('\n'))) ? 'taken' : 'missed';
  }

  finish(): void {}
}

/** Local time, to the microsecond. */
function timeOfDay(epochMs: number): string {
  const micros = Math.floor(epochMs * 1000);
  const date = new Date(Math.floor(micros / 1000));
  const [hours, minutes, seconds] = [date.getHours(), date.getMinutes(), date.getSeconds()];
  const clock = [hours, minutes, seconds].map((part) => String(part).padStart(2, '0')).join(':');
  return `${clock}.${String(micros % 1_000_000).padStart(6, '0')}`;
}

/** One array, an element a line, as the frames come. */
export class JsonOutput implements CaptureOutput {
  readonly sink: ByteSink;
  private readonly epochOffsetMs: number;
  private readonly format: FrameFormat;
  private separator = '[\n';

  constructor(sink: ByteSink, epochOffsetMs: number, format: FrameFormat) {
    this.sink = sink;
    this.epochOffsetMs = epochOffsetMs;
    this.format = format;
  }

  interface(): void {}

  frame({ at, on, direction, dropped, fault, packet }: LiveFrame, number: number): Taken {
    const row = {
      n: number,
      timeMs: Math.round((this.epochOffsetMs + at) * 1000) / 1000,
      device: on.device,
      port: on.port,
      link: on.link,
      direction,
      length: Math.max(0, packet.length - FRAME_OFFSET),
      ...(dropped !== '' && { dropped }),
      ...(fault !== '' && { fault }),
      summary: this.format(packet, on).split('\n')[0],
    };
    if (!this.sink.offer(encoder.encode(`${this.separator}${jsonText(row)}`))) return 'missed';
    this.separator = ',\n';
    return 'taken';
  }

  finish(): void {
    this.sink.write(encoder.encode(this.separator === ',\n' ? '\n]\n' : '[]\n'));
  }
}
