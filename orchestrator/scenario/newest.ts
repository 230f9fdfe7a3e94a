/** A list that keeps what came last: as much as its size allows. */

interface Sized<T> {
  readonly item: T;
  readonly size: number;
}

export class Newest<T> implements Iterable<T> {
  /** How many are no longer there. */
  left = 0;
  private readonly most: number;
  private items: Sized<T>[] = [];
  private first = 0;
  private size = 0;

  /** `most`: the sum of the sizes of what is kept. */
  constructor(most: number) {
    this.most = most;
  }

  add(item: T, size: number): void {
    this.items.push({ item, size });
    this.size += size;
    while (this.size > this.most) {
      this.size -= this.items[this.first].size;
      this.first += 1;
      this.left += 1;
    }
    // Seldom: each is moved once for each that has gone, at most.
    if (this.first > 1000 && this.first * 2 > this.items.length) {
      this.items = this.items.slice(this.first);
      this.first = 0;
    }
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let index = this.first; index < this.items.length; index++) yield this.items[index].item;
  }
}
