/** What iperf prints while a test runs and when it is over. */

import type { DatagramCounts, IperfTest } from './protocol.js';
import type { Sample, TestStream } from './stream.js';
import type { Interval, TestObserver, TestOutcome } from './test-run.js';
import { bitsPerSecond, lostPercent, sumOfInterval, sumOfResults, type Total, totalOf } from './totals.js';
import { rateText, transferText } from './units.js';

const SEPARATOR = '- - - - - - - - - - - - - - - - - - - - - - - - -\n';
const TITLES = '[ ID] Interval           Transfer     Bitrate';
const ARRIVAL_TITLES = '         Jitter    Lost/Total Datagrams';

export class TextReport implements TestObserver {
  private readonly print: (text: string) => void;
  private sends = false;
  private udp = false;
  private ids: readonly number[] = [];
  private intervals = 0;

  constructor(print: (text: string) => void) {
    this.print = print;
  }

  onStart(test: IperfTest, streams: readonly TestStream[]): void {
    this.sends = streams[0].sends;
    this.udp = test.udp !== undefined;
    this.ids = streams.map(({ id }) => id);
    for (const { id, socket } of streams) {
      const { localAddress, localPort, remoteAddress, remotePort } = socket;
      this.print(
        `${idText(id)} local ${localAddress} port ${localPort} connected to ${remoteAddress} port ${remotePort}\n`,
      );
    }
    const ofSender = this.udp ? '         Total Datagrams' : '         Retr  Cwnd';
    const ofReceiver = this.udp ? ARRIVAL_TITLES : '';
    this.print(`${TITLES}${this.sends ? ofSender : ofReceiver}\n`);
  }

  onInterval(interval: Interval): void {
    if (interval.length > 1 && this.intervals > 0) this.print(SEPARATOR);
    this.intervals += 1;
    interval.forEach((sample, index) => {
      this.line(this.ids[index], sample, this.restOf(sample, windowText));
    });
    if (interval.length > 1) {
      const total = sumOfInterval(interval);
      this.line(
        'SUM',
        total,
        this.restOf(total, ({ retransmits }) => retransmitsText(retransmits)),
      );
    }
  }

  private restOf<T extends Total | Sample>(total: T, ofTcp: (total: T) => string): string {
    const { datagrams } = total;
    if (datagrams === undefined) return this.sends ? ofTcp(total) : '';
    return this.sends ? `  ${datagrams.packets}` : arrivalsText(datagrams);
  }

  /** Both sides' figures when both are known: what the sender gave away, and what the receiver got. */
  onEnd({ own, peer }: TestOutcome): void {
    this.print(`${SEPARATOR}${TITLES}${this.udp ? ARRIVAL_TITLES : '         Retr'}\n`);
    const sender = this.sends ? own : peer;
    const receiver = this.sends ? peer : own;
    own.forEach((_, index) => {
      if (sender !== undefined) this.summary(this.ids[index], totalOf(sender[index]), 'sender');
      if (receiver !== undefined) this.summary(this.ids[index], totalOf(receiver[index]), 'receiver');
    });
    if (own.length > 1) {
      if (sender !== undefined) this.summary('SUM', sumOfResults(sender), 'sender');
      if (receiver !== undefined) this.summary('SUM', sumOfResults(receiver), 'receiver');
    }
    receiver?.forEach((result, index) => {
      this.lateOnes(this.ids[index], totalOf(result));
    });
  }

  private lateOnes(id: number, { toMs, datagrams }: Total): void {
    if (datagrams === undefined || datagrams.outOfOrder === 0) return;
    const seconds = (toMs / 1000).toFixed(1);
    this.print(`${idText(id)}  0.0-${seconds} sec  ${datagrams.outOfOrder} datagrams received out-of-order\n`);
  }

  private summary(id: number | 'SUM', total: Total, role: 'sender' | 'receiver'): void {
    if (total.datagrams !== undefined) {
      this.line(id, total, `${arrivalsText(total.datagrams)}  ${role}`);
      return;
    }
    const retransmits = role === 'sender' ? String(total.retransmits).padStart(3) : '   ';
    this.line(id, total, `  ${retransmits}            ${role}`);
  }

  private line(id: number | 'SUM', total: Total | Sample, rest: string): void {
    const seconds = (ms: number) => (ms / 1000).toFixed(2);
    const interval = `${seconds(total.fromMs).padStart(6)}-${seconds(total.toMs).padEnd(6)}`;
    const amounts = `${transferText(total.bytes)}  ${rateText(bitsPerSecond(total))}`;
    this.print(`${idText(id)} ${interval} sec ${amounts}${rest}`.trimEnd().concat('\n'));
  }
}

function idText(id: number | 'SUM'): string {
  return `[${String(id).padStart(3)}]`;
}

function retransmitsText(count: number): string {
  return `  ${String(count).padStart(3)}`;
}

/** `  0.016 ms  3/91 (3.3%)` */
function arrivalsText(datagrams: DatagramCounts): string {
  const percent = Number(lostPercent(datagrams).toPrecision(2));
  return `  ${datagrams.jitterMs.toFixed(3)} ms  ${datagrams.lost}/${datagrams.packets} (${percent}%)`;
}

function windowText({ retransmits, row }: Sample): string {
  return `${retransmitsText(retransmits)}${row === undefined ? '' : transferText(row.congestionWindow).padStart(14)}`;
}
