import type { StackError } from '../stack/errors.js';
import type { ConnectionHandler } from '../stack/tcp/control-block/types.js';

/** What the stack has told of a connection: facts that stay true, to be acted on outside of the stack. */
export class ConnectionNews implements ConnectionHandler {
  established = false;
  /** The peer's FIN has come; what it sent before may not be read yet. */
  peerEnded = false;
  closed = false;
  closeReason: StackError | undefined;
  private readonly changed: () => void;

  /** `changed` is called at every event. */
  constructor(changed: () => void) {
    this.changed = changed;
  }

  onEstablished(): void {
    this.established = true;
    this.changed();
  }

  onReadable(): void {
    this.changed();
  }

  onWritable(): void {
    this.changed();
  }

  onEnd(): void {
    this.peerEnded = true;
    this.changed();
  }

  onClosed(error?: StackError): void {
    this.closed = true;
    this.closeReason = error;
    this.changed();
  }
}

/** Nobody listens: the socket is gone. */
export const NO_NEWS = new ConnectionNews(() => {});
