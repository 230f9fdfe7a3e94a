/** What happens one after the other, and what goes on beside it. */

export class Turns {
  private turn: Promise<unknown> = Promise.resolve();
  private readonly beside = new Set<Promise<unknown>>();

  /** When all before it is done, whatever came of that. */
  next<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => {});
    return result;
  }

  /** Holds up no turn. */
  aside<T>(work: Promise<T>): Promise<T> {
    const settled = work.then(
      () => {},
      () => {},
    );
    this.beside.add(settled);
    settled.then(() => this.beside.delete(settled));
    return work;
  }

  /** All that goes on beside the turns now is done. */
  async quiet(): Promise<void> {
    await Promise.all(this.beside);
  }
}
