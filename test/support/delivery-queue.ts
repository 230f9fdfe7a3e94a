import { type Instant, NEVER } from '../../devices/stack/clock.js';

export interface Delivery {
  readonly at: Instant;
  readonly deliver: () => void;
}

interface Queued extends Delivery {
  readonly order: number;
}

/** A binary heap of what is on the way, by time; of equal times what was sent first comes first. */
export class DeliveryQueue {
  private readonly heap: Queued[] = [];
  private orders = 0;

  nextAt(): Instant {
    return this.heap.length === 0 ? NEVER : this.heap[0].at;
  }

  push(at: Instant, deliver: () => void): void {
    const item: Queued = { at, deliver, order: this.orders++ };
    let index = this.heap.length;
    this.heap.push(item);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(item, this.heap[parent])) break;
      this.heap[index] = this.heap[parent];
      index = parent;
    }
    this.heap[index] = item;
  }

  pop(): Delivery | undefined {
    const first = this.heap[0];
    const last = this.heap.pop();
    if (last === undefined || this.heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= this.heap.length) break;
      if (child + 1 < this.heap.length && before(this.heap[child + 1], this.heap[child])) child += 1;
      if (!before(this.heap[child], last)) break;
      this.heap[index] = this.heap[child];
      index = child;
    }
    this.heap[index] = last;
    return first;
  }
}

function before(a: Queued, b: Queued): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
