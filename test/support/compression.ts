/**
 * zlib works in threads of its own, and no list of Node's tells of it. So that the world's clock can stand still meanwhile,
 * each piece of work is counted while it is under way.
 */
import { createGzip, type Gzip } from 'node:zlib';

type Callback = (...args: unknown[]) => void;
interface Prototype {
  _transform(this: Gzip, chunk: Uint8Array, encoding: string, callback: Callback): void;
}

let running = 0;

/** Pieces of data that are being compressed or decompressed by streams of this process. */
export function compressionsRunning(): number {
  return running;
}

// Gzip, Zlib, and what all codings are made of.
const base = [1, 2, 3].reduce((of: object) => Object.getPrototypeOf(of), createGzip()) as Prototype;
const original = base._transform;
base._transform = function (chunk, encoding, callback) {
  running += 1;
  let isOver = false;
  const over = () => {
    if (!isOver) running -= 1;
    isOver = true;
  };
  this.once('close', over);
  original.call(this, chunk, encoding, (...args) => {
    this.off('close', over);
    over();
    callback(...args);
  });
};
