/** A test as one JSON document, with the names and units that iperf3's users know. */
import type { DatagramCounts, IperfTest, StreamResult } from './protocol.js';
import type { Sample, TestStream } from './stream.js';
import type { Interval, TestObserver, TestOutcome } from './test-run.js';
import { bitsPerSecond, lostPercent, sumOfInterval, sumOfResults, type Total, totalOf } from './totals.js';

export class JsonReport implements TestObserver {
  private start: object = { connected: [] };
  private readonly intervals: object[] = [];
  private end: object = {};
  private streams: readonly TestStream[] = [];
  private readonly congestion = new Set<string>();

  onStart(test: IperfTest, streams: readonly TestStream[]): void {
    this.streams = streams;
    const connected = streams.map(({ id, socket }) => ({
      socket: id,
      local_host: socket.localAddress,
      local_port: socket.localPort,
      remote_host: socket.remoteAddress,
      remote_port: socket.remotePort,
    }));
    const { seconds = 0, bytes = 0, blockBytes, reverse } = test;
    const protocol = test.udp === undefined ? 'TCP' : 'UDP';
    const settings = { protocol, num_streams: test.streams, blksize: blockBytes, duration: seconds, bytes };
    this.start = {
      connected,
      ...(test.bufferBytes !== undefined && buffersOf(test.bufferBytes, streams[0])),
      test_start: {
        ...settings,
        reverse: reverse ? 1 : 0,
        ...(test.udp && { target_bitrate: test.udp.bitsPerSecond }),
      },
    };
  }

  onInterval(interval: Interval): void {
    const streams = interval.map((sample, index) => ({
      socket: this.streams[index].id,
      ...this.amounts(sample),
      ...(this.sends ? connectionOf(sample) : {}),
      sender: this.sends,
    }));
    for (const { row } of interval) if (row?.info) this.congestion.add(row.info.congestionControl);
    this.intervals.push({ streams, sum: { ...this.amounts(sumOfInterval(interval)), sender: this.sends } });
  }

  onEnd({ own, peer }: TestOutcome): void {
    const sender = this.sends ? own : peer;
    const receiver = this.sends ? peer : own;
    const arrived = receiver ?? sender;
    this.end = {
      streams: own.map((result, index) => ({
        ...(result.datagrams && arrived && { udp: this.side(index, arrived[index], false) }),
        ...(sender && { sender: this.side(index, sender[index], true) }),
        ...(receiver && { receiver: this.side(index, receiver[index], false) }),
      })),
      ...(own[0]?.datagrams && arrived && { sum: { ...figures(sumOfResults(arrived)), sender: this.sends } }),
      ...(sender && { sum_sent: { ...withRetransmits(sumOfResults(sender)), sender: this.sends } }),
      ...(receiver && { sum_received: { ...figures(sumOfResults(receiver)), sender: this.sends } }),
      ...(this.congestion.size > 0 && {
        [this.sends ? 'sender_tcp_congestion' : 'receiver_tcp_congestion']: [...this.congestion].join(','),
      }),
    };
  }

  /** `error`: why there is no more than this. */
  document(error?: string): object {
    const { start, intervals, end } = this;
    return { start, intervals, end, ...(error !== undefined && { error }) };
  }

  private get sends(): boolean {
    return this.streams[0]?.sends ?? false;
  }

  /** Only who sends knows what was sent again. */
  private amounts(total: Total | Sample): object {
    return this.sends ? withRetransmits(total) : figures(total);
  }

  private side(index: number, result: StreamResult, isSender: boolean): object {
    const total = totalOf(result);
    const all = isSender ? withRetransmits(total) : figures(total);
    return { socket: this.streams[index].id, ...all, sender: this.sends };
  }
}

function figures(total: Total | Sample) {
  const [start, end] = [total.fromMs / 1000, total.toMs / 1000];
  const rate = { bytes: total.bytes, bits_per_second: bitsPerSecond(total) };
  return { start, end, seconds: end - start, ...rate, ...(total.datagrams && datagramFigures(total.datagrams)) };
}

function datagramFigures(datagrams: DatagramCounts) {
  const { packets, lost, outOfOrder, jitterMs } = datagrams;
  const lost_percent = lostPercent(datagrams);
  return { jitter_ms: jitterMs, lost_packets: lost, packets, lost_percent, out_of_order: outOfOrder };
}

/** Of UDP nothing is sent again. */
function withRetransmits(total: Total | Sample) {
  return total.datagrams ? figures(total) : { ...figures(total), retransmits: total.retransmits };
}

function buffersOf(wanted: number, { socket }: TestStream): object {
  const { sendBufferBytes, receiveBufferBytes } = socket.statistics?.()?.info ?? {};
  return { sock_bufsize: wanted, sndbuf_actual: sendBufferBytes, rcvbuf_actual: receiveBufferBytes };
}

/** Times in microseconds, as in Linux's tcp_info. */
function connectionOf({ row }: Sample): object {
  if (row === undefined) return {};
  return {
    snd_cwnd: row.congestionWindow,
    snd_wnd: row.sendWindow,
    rtt: Math.round(row.rttMs * 1000),
    ...(row.info && { rttvar: Math.round(row.info.rttVarMs * 1000), pmtu: row.info.pathMtu }),
  };
}
