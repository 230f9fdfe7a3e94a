/** Fewer that have left are not worth moving the others. */
const MIN_LEFT = 1024;

/** First in, first out. Taking one moves the others so rarely that each pays for one move. */
export class Fifo<T> {
  private items: T[] = [];
  /** Items before this index have left. */
  private head = 0;

  get length(): number {
    return this.items.length - this.head;
  }

  get first(): T | undefined {
    return this.items[this.head];
  }

  get last(): T | undefined {
    return this.length === 0 ? undefined : this.items[this.items.length - 1];
  }

  push(item: T): void {
    this.items.push(item);
  }

  /** Puts it behind all whose key is not greater than its own; those that are there must be in the order of their keys. */
  insert(item: T, keyOf: (item: T) => number): void {
    const key = keyOf(item);
    let low = this.head;
    let high = this.items.length;
    if (low === high || keyOf(this.items[high - 1]) <= key) {
      this.items.push(item);
      return;
    }
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (keyOf(this.items[middle]) <= key) low = middle + 1;
      else high = middle;
    }
    this.items.splice(low, 0, item);
  }

  /** Takes the first one. */
  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.items[this.head++];
    if (this.length === 0) {
      this.items = [];
      this.head = 0;
    } else if (this.head > MIN_LEFT && this.head * 2 > this.items.length) {
      this.items.splice(0, this.head);
      this.head = 0;
    }
    return item;
  }

  /** Takes all. */
  drain(): T[] {
    const all = this.items.slice(this.head);
    this.items = [];
    this.head = 0;
    return all;
  }
}
