/** Two programs at the ends of one connection: each sends, reads and ends as its plan says, and checks what it hears. */
import type { StackError } from '../../devices/stack/errors.js';
import type { Connection } from '../../devices/stack/tcp/connection.js';
import type { BytePattern } from '../support/byte-pattern.js';
import type { StackNode } from '../support/stack-node.js';
import type { EndPlan } from './plan.js';

export class ConversationEnd {
  /** Given to the connection. */
  sent = 0;
  /** Heard, every byte of it right. */
  heard = 0;
  /** The peer's end has been read. */
  peerEnded = false;
  closed = false;
  error: StackError | undefined;
  /** It has aborted, or closed without caring for what comes. */
  left = false;
  private readonly node: StackNode;
  private readonly plan: EndPlan;
  private readonly mine: BytePattern;
  private readonly theirs: BytePattern;
  private readonly now: () => number;
  private readonly connection: Connection;
  private given = false;
  private waiting = false;
  private finCame = false;
  private sipping = false;

  constructor(
    node: StackNode,
    now: () => number,
    connection: Connection,
    plan: EndPlan,
    patterns: readonly [mine: BytePattern, theirs: BytePattern],
  ) {
    [this.mine, this.theirs] = patterns;
    this.node = node;
    this.now = now;
    this.plan = plan;
    this.connection = connection;
    connection.handler = {
      onEstablished: () => this.write(),
      onWritable: () => this.write(),
      onReadable: () => this.read(),
      onEnd: () => this.read(true),
      onClosed: (error) => {
        this.closed = true;
        this.error = error;
      },
    };
    connection.setNoDelay(plan.noDelay);
    if (plan.keepAliveMs !== undefined) connection.setKeepAlive(true, { delayMs: plan.keepAliveMs });
    if (connection.state !== 'SYN_SENT') this.write();
  }

  /** Nothing is left to be done at this end. What has come may be read after the connection has closed. */
  get over(): boolean {
    return this.left || (this.closed && !this.sipping && (this.peerEnded || this.error !== undefined));
  }

  /** Lets go of what a peer that is no more would keep for ever. */
  giveUp(): void {
    this.left = true;
    this.connection.abort();
  }

  private later(ms: number, action: () => void): void {
    this.node.call(this.now(), ({ timers }) =>
      timers.after(ms, () => {
        if (!this.left) this.node.call(this.now(), action);
      }),
    );
  }

  private write(): void {
    const { plan, connection } = this;
    while (!this.left && !this.waiting && this.sent < plan.bytes) {
      const chunk = this.mine.at(this.sent, Math.min(Math.max(1, plan.chunk), plan.bytes - this.sent));
      const taken = connection.send(chunk);
      this.sent += taken;
      if (taken < chunk.length) return;
      if (plan.pauseMs > 0) {
        this.waiting = true;
        this.later(plan.pauseMs, () => {
          this.waiting = false;
          this.write();
        });
      }
    }
    this.endIfDue();
  }

  private endIfDue(): void {
    if (this.given || this.left || this.sent < this.plan.bytes) return;
    if (this.plan.ends === 'after the peer' && !this.peerEnded) return;
    this.given = true;
    this.connection.shutdown();
  }

  private read(ended = false): void {
    this.finCame ||= ended;
    if (this.sipping || this.left) return;
    const { sip, sipMs } = this.plan;
    if (sip === 0) {
      while (this.take(Number.POSITIVE_INFINITY));
      return;
    }
    this.sipping = true;
    this.later(sipMs, () => {
      this.sipping = false;
      if (this.take(sip)) this.read();
    });
  }

  /** False when there was nothing. */
  private take(most: number): boolean {
    if (this.left) return false;
    const chunk = this.connection.read(most);
    if (chunk !== undefined) {
      const wrongAt = this.theirs.differsAt(this.heard, chunk);
      if (wrongAt >= 0) throw new Error(`byte ${wrongAt} is wrong`);
      this.heard += chunk.length;
    }
    this.leaveIfDue();
    if (chunk === undefined && this.finCame && !this.peerEnded && !this.left) {
      this.peerEnded = true;
      this.endIfDue();
    }
    return chunk !== undefined;
  }

  private leaveIfDue(): void {
    const { leaves } = this.plan;
    if (leaves === undefined || this.left || this.heard < leaves.afterBytes) return;
    this.left = true;
    if (leaves.how === 'abort') this.connection.abort();
    else this.connection.close();
  }
}
