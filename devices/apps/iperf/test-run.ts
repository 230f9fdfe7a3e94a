/** One side of a test while it runs: the same for the client and for the server, for who sends and for who receives. */

import type { Network } from '../../net/network.js';
import type { Timer } from '../../stack/clock.js';
import { type Control, IperfError } from './control.js';
import type { IperfTest, StreamResult } from './protocol.js';
import type { Sample, TestStream } from './stream.js';

/** Of all streams, in their order. */
export type Interval = readonly Sample[];

export interface TestOutcome {
  readonly own: readonly StreamResult[];
  /** Absent when the test was cut short. */
  readonly peer?: readonly StreamResult[];
}

/** Who tells the user. */
export interface TestObserver {
  onStart(test: IperfTest, streams: readonly TestStream[]): void;
  onInterval(interval: Interval): void;
  onEnd(outcome: TestOutcome): void;
}

export interface TestRunOptions {
  /** Between two reports; 0: none but the last. */
  readonly intervalMs: number;
  readonly observer: TestObserver;
  /** Ends the test at once. */
  readonly signal: AbortSignal;
}

export class TestRun {
  private readonly network: Network;
  private readonly control: Control;
  private readonly test: IperfTest;
  private readonly streams: readonly TestStream[];
  private readonly options: TestRunOptions;
  private readonly sends: boolean;
  private intervalTimer: Timer | undefined;
  private reportedMs = 0;

  constructor(
    network: Network,
    control: Control,
    test: IperfTest,
    streams: readonly TestStream[],
    options: TestRunOptions,
  ) {
    this.network = network;
    this.control = control;
    this.test = test;
    this.streams = streams;
    this.options = options;
    this.sends = streams[0].sends;
  }

  /** From the start to the exchange of results. Throws IperfError when a connection fails before. */
  async run(): Promise<TestOutcome> {
    const { signal, observer } = this.options;
    observer.onStart(this.test, this.streams);
    const durationMs = this.sends && this.test.seconds !== undefined ? this.test.seconds * 1000 : undefined;
    const ending = durationMs === undefined ? undefined : this.network.after(durationMs, () => this.endStreams());
    this.reportEvery(this.options.intervalMs, durationMs ?? Number.POSITIVE_INFINITY);
    const stopped = new Promise<undefined>((resolve) => {
      if (signal.aborted) resolve(undefined);
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    try {
      const outcome = await Promise.race([this.finish(), stopped]);
      if (outcome === undefined) this.report();
      const told = outcome ?? { own: this.results() };
      observer.onEnd(told);
      return told;
    } finally {
      ending?.clear();
      this.intervalTimer?.clear();
      for (const stream of this.streams) stream.destroy();
    }
  }

  private async finish(): Promise<TestOutcome> {
    const { test, streams, control } = this;
    const ends = streams.map((stream, index) => stream.start(test.blockBytes, shareOf(test, index)));
    const ended = Promise.all(ends).catch((cause: Error) => {
      throw new IperfError('a stream failed', { cause });
    });
    ended.catch(() => {});
    // Listened to from now on: the end of the control connection is the end of the test.
    const peer = this.resultsOfPeer();
    await Promise.race([ended, peer.then(() => ended)]);
    this.intervalTimer?.clear();
    this.report();
    if (this.sends && test.udp !== undefined) control.send({ sent: this.results().map(packetsOf) });
    // Only when the receiver has seen the end of all is it known what was sent again: the sender speaks second.
    if (this.sends) await peer;
    const own = this.results();
    control.send({ results: own });
    const told = await peer;
    if (told.length !== own.length) throw new IperfError('the peer tells of other streams than there were');
    return { own, peer: told };
  }

  private async resultsOfPeer(): Promise<readonly StreamResult[]> {
    const { control, streams } = this;
    if (this.test.udp !== undefined && !this.sends) {
      const sent = await control.expect('sent');
      if (sent.length !== streams.length) throw new IperfError('the peer tells of other streams than there were');
      for (const [index, stream] of streams.entries()) stream.sentInAll?.(sent[index]);
    }
    return control.expect('results');
  }

  private endStreams(): void {
    for (const stream of this.streams) stream.finish();
  }

  private results(): StreamResult[] {
    return this.streams.map((stream) => stream.result());
  }

  /** Every interval from the start on, without drift; the last one is reported when all that belongs to it is counted. */
  private reportEvery(intervalMs: number, durationMs: number): void {
    if (intervalMs === 0) return;
    const start = this.network.now();
    const arm = (count: number): void => {
      this.intervalTimer = this.network.after(start + count * intervalMs - this.network.now(), () => {
        if (count * intervalMs < durationMs) this.report();
        arm(count + 1);
      });
    };
    arm(1);
  }

  private report(): void {
    const interval = this.streams.map((stream) => stream.sample());
    const toMs = Math.max(...interval.map((sample) => sample.toMs));
    // Nothing after the last full interval is no interval.
    if (toMs <= this.reportedMs) return;
    this.reportedMs = toMs;
    this.options.observer.onInterval(interval);
  }
}

function packetsOf({ datagrams }: StreamResult): number {
  return datagrams?.packets ?? 0;
}

/** The first streams send what does not divide evenly. */
function shareOf({ bytes, streams }: IperfTest, index: number): number | undefined {
  if (bytes === undefined) return undefined;
  return Math.floor(bytes / streams) + (index < bytes % streams ? 1 : 0);
}
