/** What happens one after the other, and what goes on beside it. */

export class Turns {
  private turn: Promise<unknown> = Promise.resolve();
  /** Each with the device that it is about. */
  private readonly beside = new Map<Promise<unknown>, string>();

  /** When all before it is done, whatever came of that. */
  next<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => {});
    return result;
  }

  /** Holds up no turn. */
  aside<T>(device: string, work: Promise<T>): Promise<T> {
    const settled = work.then(
      () => {},
      () => {},
    );
    this.beside.set(settled, device);
    settled.then(() => this.beside.delete(settled));
    return work;
  }

  /** All that goes on beside the turns now is done. */
  async quiet(): Promise<void> {
    await Promise.all(this.beside.keys());
  }

  /** The same of one device, and of what that leads to. */
  async quietAbout(device: string): Promise<void> {
    for (;;) {
      const own = [...this.beside].filter(([, about]) => about === device);
      if (own.length === 0) return;
      await Promise.all(own.map(([work]) => work));
    }
  }
}
