/**
 * News for applications, held back until the stack has finished with a frame or a call: handlers may call
 * straight back into the stack (a 'data' listener that writes), and must find it in a settled state.
 */
export class EventQueue {
  private readonly queue: (() => void)[] = [];
  private draining = false;

  post(event: () => void): void {
    this.queue.push(event);
  }

  /** Runs all posted events, those that they post themselves too. A nested call leaves the work to the outer one. */
  drain(): void {
    if (this.draining) return;
    this.draining = true;
    try {
      for (let event = this.queue.shift(); event !== undefined; event = this.queue.shift()) event();
    } finally {
      this.draining = false;
    }
  }
}
