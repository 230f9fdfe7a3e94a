import type { StackError } from '../errors.js';
import type { EventQueue } from '../events.js';
import type { ConnectionHandler } from './control-block/types.js';

const NO_HANDLER: ConnectionHandler = {
  onEstablished: () => {},
  onReadable: () => {},
  onEnd: () => {},
  onWritable: () => {},
  onClosed: () => {},
};

/** News of one connection on their way to its program: through the event queue, each as often as it means something. */
export class News {
  /** Looked at when the news is told, not when it is posted. */
  handler: ConnectionHandler = NO_HANDLER;
  private readonly events: EventQueue;
  private readablePosted = false;
  private closedPosted = false;

  constructor(events: EventQueue) {
    this.events = events;
  }

  established(): void {
    this.events.post(() => this.handler.onEstablished());
  }

  /** `isReadable` is asked again when the news is told: the program may have read in between. */
  readable(isReadable: () => boolean): void {
    if (this.readablePosted) return;
    this.readablePosted = true;
    this.events.post(() => {
      this.readablePosted = false;
      if (isReadable()) this.handler.onReadable();
    });
  }

  end(): void {
    this.events.post(() => this.handler.onEnd());
  }

  urgent(): void {
    this.events.post(() => this.handler.onUrgent?.());
  }

  softError(error: StackError): void {
    this.events.post(() => this.handler.onSoftError?.(error));
  }

  writable(isWritable: () => boolean): void {
    this.events.post(() => {
      if (isWritable()) this.handler.onWritable();
    });
  }

  /** Once: TIME_WAIT tells it, the end of TIME_WAIT does not. */
  closed(error: StackError | undefined): void {
    if (this.closedPosted) return;
    this.closedPosted = true;
    this.events.post(() => this.handler.onClosed(error));
  }
}
